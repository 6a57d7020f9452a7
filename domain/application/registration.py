"""The commands that find people by their phones, and register those whom nobody has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain, count
from typing import Any, NamedTuple, cast
from uuid import UUID

from eventsourcing.persistence import RecordConflictError

from domain import lead, suppression
from domain.application.base import ATTEMPTS
from domain.application.senders import SenderCommands
from domain.conversation import Conversation
from domain.errors import AlreadyExistsError, ConflictError, ErasedError
from domain.event import Event
from domain.ids import derived
from domain.lead import Agreed
from domain.phones import canonical
from domain.surroundings import Surroundings

# Lives of a phone that are asked for at once: that of earlier versions, and the first.
_USUAL_LIVES = 2


class Registration(NamedTuple):
    """A lead to register: the phone in E.164, and the evidence of an opt-out, if there is one, or
    that a person who was erased agrees since; and consents."""

    phone: str
    triggers: Sequence[str]
    profile: lead.Profile
    opt_out: str | None = None
    renewed_consent: str | None = None
    agreed: Sequence[Agreed] = ()


class Change(NamedTuple):
    """What a lead is to have: more triggers, another profile, an opt-out with that evidence,
    consents."""

    state: lead.Lead
    triggers: Sequence[str]
    profile: lead.Profile
    opt_out: str | None = None
    agreed: Sequence[Agreed] = ()


class Registered(NamedTuple):
    """What became of registrations: the ids of new leads by phone as given, those of leads that
    there are already, the phones of people who were erased, and what was recorded."""

    new: dict[str, UUID]
    known: dict[str, UUID]
    erased: set[str]
    events: Sequence[Event]


class Lives(NamedTuple):
    """Who had a number, one person after another: the id of the ``latest``, None if nobody had it,
    whether that one is ``gone``, so that nobody else is registered with the number, and the id of
    the ``next``."""

    latest: UUID | None
    gone: bool
    next: UUID


class Numbers(NamedTuple):
    """Whose numbers these are, by canonical phone: the leads that there are, and those that are put
    aside; which are of people who were ``erased``; the ids of new leads with all others."""

    known: dict[str, UUID]
    erased: set[str]
    free: dict[str, UUID]


class RegistrationCommands(SenderCommands):
    """Find, register and import."""

    def find_lead(self, phone: str) -> UUID | None:
        """The lead whose E.164 phone it is, in any spelling of the same number; None if nobody's.

        Of a person who was erased the id is found too.
        """
        return self._find(canonical(phone))[0]

    def lead_id(self, phone: str) -> UUID:
        """The lead whose E.164 phone it is, or the id that a new lead with it gets."""
        found, free = self._find(canonical(phone))
        return found or free

    def _find(self, key: str) -> tuple[UUID | None, UUID]:
        """Whose canonical phone it is, if it is anybody's, and which id it has or would get."""
        with self.queries.transaction() as connection:
            owners = self.queries.leads_of_keys(connection, [key])
            if owners:
                return owners[key][0], owners[key][0]
            lives = self.lives(connection, [key])[key]
        if lives.gone and lives.latest is not None:
            return lives.latest, lives.latest
        return None, lives.next

    def unavailable(self, connection: Any, keys: Iterable[str]) -> dict[str, UUID]:
        """Those of these keys of addresses that nobody can be registered with, though no lead has
        them: they are of people who were erased, or of leads that are put aside."""
        lives = self.lives(connection, keys)
        return {key: each.latest for key, each in lives.items() if each.gone and each.latest}

    def erased_of(self, connection: Any, keys: Iterable[str]) -> set[str]:
        """Those of these keys of addresses that are of people who were erased."""
        found = self.unavailable(connection, keys)
        erased = self.queries.erased(connection, found.values())
        return {key for key, id_ in found.items() if id_ in erased}

    def register_lead(
        self,
        phone: str,
        triggers: Sequence[str],
        profile: lead.Profile,
        *,
        renewed_consent: str | None = None,
        actor: str,
    ) -> lead.Lead:
        """Register a lead; ``phone`` is E.164. An address that said no starts opted out, unless
        there is the evidence of a ``renewed_consent``.

        Raises AlreadyExistsError, with the lead's id, if the phone is known; ErasedError if it is
        of a person who was erased and did not consent since; ConflictError after ``ATTEMPTS`` lost
        races.
        """
        registration = Registration(
            phone, tuple(triggers), profile, renewed_consent=renewed_consent
        )
        for _ in range(ATTEMPTS):
            try:
                with self.queries.transaction() as connection:
                    done = self.register_leads(connection, [registration], actor=actor)
            except RecordConflictError as conflict:
                self.queries.put_aside_broken(conflict, self.clock())
                continue
            if phone in done.erased:
                raise ErasedError
            if phone in done.known:
                raise AlreadyExistsError("lead", done.known[phone])
            own = [event for event in done.events if event.originator_id == done.new[phone]]
            return cast(lead.Lead, lead.fold(None, own))
        raise ConflictError("this lead is changed by others again and again; try later")

    def register_leads(
        self, connection: Any, registrations: Iterable[Registration], *, actor: str
    ) -> Registered:
        """Register those of many leads that are not known, in the caller's transaction.

        Their phones must differ canonically. Raises the library's RecordConflictError where another
        transaction was faster; the caller's must be done anew then.
        """
        by_key = {canonical(each.phone): each for each in registrations}
        renewed = [key for key, each in by_key.items() if each.renewed_consent is not None]
        found = self.look_up(connection, by_key, renewed)
        new = [(id_, by_key[key]) for key, id_ in found.free.items()]
        events = self.import_leads(connection, new, (), actor=actor)
        return Registered(
            {each.phone: id_ for id_, each in new},
            {by_key[key].phone: id_ for key, id_ in found.known.items()},
            {by_key[key].phone for key in found.erased},
            events,
        )

    def look_up(
        self, connection: Any, keys: Iterable[str], renewed: Collection[str] = ()
    ) -> Numbers:
        """Whose these canonical phones are. ``renewed`` are those with which somebody who was
        erased may be registered anew.

        New leads are registered with these ids and no others: whoever registers one meanwhile takes
        the same id, and one of the two is refused.
        """
        wanted = list(dict.fromkeys(keys))
        # In this order: whoever is registered meanwhile takes an id that is free here, or is seen.
        lives = self.lives(connection, wanted, most=_USUAL_LIVES, locks=True)
        owners = self._owners(connection, wanted)
        # Of somebody who is known nobody asks for the next life.
        if later := [key for key in wanted if key not in lives and key not in owners]:
            lives |= self.lives(connection, later)
            owners |= self._owners(connection, later)
        gone = {k: each.latest for k, each in lives.items() if each.gone and k not in owners}
        forgotten = self.queries.erased(connection, filter(None, gone.values()))
        erased = {key for key, id_ in gone.items() if id_ in forgotten}
        aside = {key: id_ for key, id_ in gone.items() if id_ and key not in erased}
        known = {**aside, **owners}
        free = {
            key: each.next
            for key, each in lives.items()
            if key not in known and (key not in erased or key in renewed)
        }
        return Numbers(known, erased - free.keys(), free)

    def import_leads(
        self,
        connection: Any,
        registrations: Iterable[tuple[UUID, Registration]],
        changes: Iterable[Change],
        *,
        actor: str,
    ) -> Sequence[Event]:
        """Register leads under the ids that ``look_up`` gave in the same transaction, and change
        others. What is pending for those who have another device now moves to it.

        Whoever has an address that said no starts opted out. A lead that another transaction
        registers or changes meanwhile raises the library's RecordConflictError. Returns all events.
        """
        by: dict[str, Any] = {"now": self.clock(), "actor": actor}
        new = [(canonical(each.phone), id_, each) for id_, each in registrations]
        suppressed = self.queries.suppressed(connection, [key for key, _, _ in new])
        events: list[Event] = []
        for key, id_, each in new:
            consent = each.renewed_consent
            begun = lead.register(
                id_, each.phone, tuple(each.triggers), each.profile, consent, **by
            )
            events.append(begun)
            state = lead.evolve(None, begun)
            for agreed in each.agreed:
                for given in lead.give_consent(state, agreed, **by):
                    events.append(given)
                    state = lead.evolve(state, given)
            if each.opt_out is not None:
                events += lead.opt_out(state, each.opt_out, "import", **by)
            elif key in suppressed and consent is not None:
                events += suppression.release(suppressed[key], consent, **by)
            elif key in suppressed and suppressed[key].in_force:
                said = suppressed[key]
                came = {"device_id": said.device_id, **by}
                events += lead.opt_out(state, said.evidence, "suppression", **came)
        changed = {each.state.id: each for each in changes}
        elsewhere = {
            id_
            for id_, each in changed.items()
            if each.profile.device_id != each.state.profile.device_id
        }
        wishes = [
            id_ for id_, each in changed.items() if each.opt_out is not None or id_ in elsewhere
        ]
        around = self.queries.surroundings(connection, wishes)
        moving: list[Conversation] = []
        for id_, change in changed.items():
            person = Conversation(
                change.state, around.get(id_, Surroundings()), events=events, **by
            )
            person.update(change.profile, change.triggers)
            for agreed in change.agreed:
                person.agree(agreed)
            if change.opt_out is not None:
                person.opt_out(change.opt_out, "import")
            if id_ in elsewhere:
                moving.append(person)
        if moving:
            self.write_from_new_devices(connection, moving)
        self.record(connection, events)
        return events

    def _owners(self, connection: Any, keys: Sequence[str]) -> dict[str, UUID]:
        return {key: ids[0] for key, ids in self.queries.leads_of_keys(connection, keys).items()}

    def lives(
        self, connection: Any, keys: Iterable[str], *, most: int | None = None, locks: bool = False
    ) -> dict[str, Lives]:
        """Who had each of these canonical phones, and the id that the next lead with it gets.

        One phone is one lead, until that lead has another phone, or the person is erased and
        consents anew: then the next person with it has the next life. Ids of earlier versions
        followed from the namespace; they are the first. With ``most`` those of whom none of so many
        lives is free are left out. ``locks`` as in ``CommandQueries.taken``.
        """
        wanted = list(dict.fromkeys(keys))
        latest: dict[str, tuple[UUID, bool]] = {}
        free: dict[str, UUID] = {}
        # Most are in their first life, or new.
        first = [[self._id(key, life) for key in wanted] for life in range(_USUAL_LIVES)]
        taken = self.queries.taken(connection, chain(*first), locks=locks)
        for life in count() if most is None else range(most):
            if life < _USUAL_LIVES:
                ids = dict(zip(wanted, first[life], strict=True))
            else:
                ids = {key: self._id(key, life) for key in wanted if key not in free}
                taken = self.queries.taken(connection, ids.values())
            for key, id_ in ids.items():
                if id_ in taken:
                    latest[key] = id_, taken[id_]
                elif life:
                    free.setdefault(key, id_)
            if life and len(free) == len(wanted):
                break
        nobody: tuple[UUID | None, bool] = (None, False)
        return {key: Lives(*latest.get(key, nobody), id_) for key, id_ in free.items()}

    def _id(self, key: str, life: int) -> UUID:
        return lead.lead_id(self.identity, key, life) if life else derived(self.namespace, key)
