"""The commands that find people by their phones, and register those whom nobody has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import RecordConflictError

from domain import lead
from domain.application.base import ATTEMPTS, LEAD
from domain.application.senders import SenderCommands
from domain.conversation import Conversation
from domain.errors import AlreadyExistsError, ConflictError
from domain.event import Event
from domain.ids import derived
from domain.phones import canonical
from domain.surroundings import Surroundings


class Registration(NamedTuple):
    """A lead to register: the phone in E.164, and the evidence of an opt-out, if there is one."""

    phone: str
    triggers: Sequence[str]
    profile: lead.Profile
    opt_out: str | None = None


class Change(NamedTuple):
    """What a lead is to have: more triggers, another profile, an opt-out with that evidence."""

    state: lead.Lead
    triggers: Sequence[str]
    profile: lead.Profile
    opt_out: str | None = None


class Registered(NamedTuple):
    """What became of registrations: the ids of new leads by phone as given, and those of leads that
    there are already, erased ones too."""

    new: dict[str, UUID]
    known: dict[str, UUID]


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
            free, erased = self._free_ids(connection, [key])
        return erased.get(key), {**free, **erased}[key]

    def unavailable(self, connection: Any, keys: Iterable[str]) -> dict[str, UUID]:
        """Those of these canonical phones that nobody can be registered with, though no lead has
        them: they are of people who were erased, or of leads that are put aside."""
        return self._free_ids(connection, keys)[1]

    def erased_of(self, connection: Any, keys: Iterable[str]) -> set[str]:
        """Those of these canonical phones that are of people who were erased."""
        found = self.unavailable(connection, keys)
        erased = self.queries.erased(connection, found.values())
        return {key for key, id_ in found.items() if id_ in erased}

    def register_lead(
        self, phone: str, triggers: Sequence[str], profile: lead.Profile, *, actor: str
    ) -> lead.Lead:
        """Register a lead; ``phone`` is E.164. An address that said no starts opted out.

        Raises AlreadyExistsError, with the lead's id, if the phone is known, and ConflictError
        after ``ATTEMPTS`` lost races.
        """
        registration = Registration(phone, tuple(triggers), profile)
        for _ in range(ATTEMPTS):
            try:
                with self.queries.transaction() as connection:
                    done = self.register_leads(connection, [registration], actor=actor)
            except RecordConflictError as conflict:
                self.queries.put_aside_broken(conflict, self.clock())
                continue
            if phone in done.known:
                raise AlreadyExistsError("lead", done.known[phone])
            return self._load(LEAD, done.new[phone])
        raise ConflictError("this lead is changed by others again and again; try later")

    def register_leads(
        self, connection: Any, registrations: Iterable[Registration], *, actor: str
    ) -> Registered:
        """Register those of many leads that are not known, in the caller's transaction.

        Their phones must differ canonically. Raises the library's RecordConflictError where another
        transaction was faster; the caller's must be done anew then.
        """
        by_key = {canonical(each.phone): each for each in registrations}
        known, ids = self.look_up(connection, by_key)
        new = [(ids[key], each) for key, each in by_key.items() if key not in known]
        self.import_leads(connection, new, (), actor=actor)
        return Registered(
            {each.phone: id_ for id_, each in new},
            {by_key[key].phone: id_ for key, id_ in known.items()},
        )

    def look_up(
        self, connection: Any, keys: Iterable[str]
    ) -> tuple[dict[str, UUID], dict[str, UUID]]:
        """The leads that there are already, by canonical phone, those of people who were erased
        too, and those that are put aside; and the ids that new leads get with the other phones.

        They are registered with these ids and no others: whoever registers one meanwhile takes the
        same id, and one of the two is refused.
        """
        wanted = list(keys)
        self.queries.lock_addresses(connection, alone=False)
        # In this order: whoever is registered meanwhile takes an id that is free here, or is seen.
        free, unavailable = self._free_ids(connection, wanted)
        owners = self.queries.leads_of_keys(connection, wanted)
        known = {**unavailable, **{key: ids[0] for key, ids in owners.items()}}
        return known, {key: id_ for key, id_ in free.items() if key not in known}

    def import_leads(
        self,
        connection: Any,
        registrations: Iterable[tuple[UUID, Registration]],
        changes: Iterable[Change],
        *,
        actor: str,
    ) -> None:
        """Register leads under the ids that ``look_up`` gave in the same transaction, and change
        others. What is pending for those who have another device now moves to it.

        Whoever has an address that said no starts opted out. A lead that another transaction
        registers or changes meanwhile raises the library's RecordConflictError.
        """
        by: dict[str, Any] = {"now": self.clock(), "actor": actor}
        new = [(canonical(each.phone), id_, each) for id_, each in registrations]
        suppressed = self.queries.suppressed(connection, [key for key, _, _ in new])
        events: list[Event] = []
        for key, id_, each in new:
            begun = lead.register(id_, each.phone, tuple(each.triggers), each.profile, **by)
            events.append(begun)
            if each.opt_out is not None:
                events += lead.opt_out(lead.evolve(None, begun), each.opt_out, "import", **by)
            elif key in suppressed and suppressed[key].in_force:
                said = suppressed[key]
                came = {"device_id": said.device_id, **by}
                state = lead.evolve(None, begun)
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
            if change.opt_out is not None:
                person.opt_out(change.opt_out, "import")
            if id_ in elsewhere:
                moving.append(person)
        if moving:
            self.write_from_new_devices(connection, moving)
        self.record(connection, events)

    def _new_id(self, key: str, life: int = 1) -> UUID:
        """The id that a new lead with that canonical phone gets. One phone is one lead, until that
        lead has another phone: then the next person with this one has the next ``life``."""
        return lead.lead_id(self.identity, key, life)

    def _free_ids(
        self, connection: Any, keys: Iterable[str]
    ) -> tuple[dict[str, UUID], dict[str, UUID]]:
        """Ids for new leads by canonical phone, and those of people who were erased.

        In earlier versions ids followed from the namespace. Who was erased then stays known so.
        """
        free: dict[str, UUID] = {}
        former = {key: derived(self.namespace, key) for key in keys}
        taken = self.queries.taken(connection, former.values())
        erased = {key: id_ for key, id_ in former.items() if taken.get(id_)}
        wanted = {key: self._new_id(key) for key in former if key not in erased}
        life = 1
        while wanted:
            taken = self.queries.taken(connection, wanted.values())
            free.update((key, id_) for key, id_ in wanted.items() if id_ not in taken)
            erased.update((key, id_) for key, id_ in wanted.items() if taken.get(id_))
            life += 1
            wanted = {
                key: self._new_id(key, life)
                for key, id_ in wanted.items()
                if taken.get(id_) is False
            }
        return free, erased
