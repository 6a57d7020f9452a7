"""The commands on leads; what a lead wishes reaches its enrollments and messages too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import RecordConflictError

from domain import lead
from domain.addresses import Address
from domain.application.base import ATTEMPTS, LEAD, applied
from domain.application.registration import RegistrationCommands
from domain.application.suppressions import SuppressionCommands
from domain.conversation import Conversation
from domain.errors import (
    AlreadyExistsError,
    ConflictError,
    ErasedError,
    NotFoundError,
    WrongStateError,
)
from domain.event import Event
from domain.phones import canonical


class Updated(NamedTuple):
    """A lead after a change, and how many pending messages it ``moved`` to another device."""

    lead: lead.Lead
    moved: int


class Erased(NamedTuple):
    """What is left of a lead, and the versions of its events that could not be read."""

    lead: lead.Lead
    unreadable: tuple[int, ...]


class LeadCommands(RegistrationCommands, SuppressionCommands):
    """Register, update, opt in and out, move, merge, erase."""

    def get_lead(self, lead_id: UUID) -> lead.Lead:
        """The lead's present state. Raises NotFoundError."""
        return self._load(LEAD, lead_id)

    def update_lead(
        self,
        lead_id: UUID,
        profile: lead.Profile | Callable[[lead.Profile], lead.Profile],
        *,
        actor: str,
    ) -> Updated:
        """Replace the profile; ``profile`` is the new one, or makes it of the present one. Another
        device of the lead writes what is pending."""
        moved = 0

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            nonlocal moved
            moved = 0
            new = applied(profile, state.profile)
            present = state.profile
            if (new.device_id, new.timezone) == (present.device_id, present.timezone):
                return lead.update(state, new, now=now, actor=actor)
            around = self.queries.surroundings(connection, [lead_id])
            person = Conversation(state, around[lead_id], now=now, actor=actor)
            person.update(new, ())
            if new.device_id != present.device_id:
                moved = self.write_from_new_devices(connection, [person])
            return person.events

        return Updated(self._change_with_queries(LEAD, lead_id, decide), moved)

    def add_trigger(self, lead_id: UUID, trigger: str, *, actor: str) -> lead.Lead:
        """Give the lead a trigger, which the enroller looks for."""
        return self._change(LEAD, lead_id, partial(lead.add_trigger, trigger=trigger), actor)

    def remove_trigger(self, lead_id: UUID, trigger: str, *, actor: str) -> lead.Lead:
        """Take a trigger from the lead, before the enroller finds it."""
        return self._change(LEAD, lead_id, partial(lead.remove_trigger, trigger=trigger), actor)

    def opt_in(self, lead_id: UUID, evidence: str, *, actor: str) -> lead.Lead:
        """Let the lead be written to again, and forget that its addresses said no. Nothing that the
        opt-out cancelled comes back."""
        return self._converse(lead_id, lambda person: person.opt_in(evidence), actor)

    def opt_out(self, lead_id: UUID, evidence: str, *, actor: str) -> lead.Lead:
        """Stop the lead's enrollments and cancel every message that is not dispatched."""
        return self._converse(lead_id, lambda person: person.opt_out(evidence), actor)

    def change_phone(self, lead_id: UUID, phone: str, evidence: str, *, actor: str) -> lead.Lead:
        """Correct the lead's phone, to ``phone`` in E.164. Whoever has the former one may be
        somebody else: a no that came from there is remembered. Raises AlreadyExistsError where
        ``phone`` is another lead's, and ErasedError where it is of a person who was erased."""

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            self.queries.lock_addresses(connection, alone=True)
            key = canonical(phone)
            owners = self.queries.leads_of_keys(connection, [key])
            others = [id_ for id_ in owners.get(key, ()) if id_ != lead_id]
            gone = {} if owners else self.unavailable(connection, [key])
            if self.queries.erased(connection, gone.values()):
                raise ErasedError
            if others or gone:
                raise AlreadyExistsError("lead", [*others, *gone.values()][0])
            around = self.queries.surroundings(connection, [lead_id])
            person = Conversation(state, around[lead_id], now=now, actor=actor)
            person.suppressed |= self.queries.suppressed(connection, [key])
            person.move(phone, evidence)
            if state.opt_out_via not in ("reply", "platform") or key == canonical(state.phone):
                return person.events
            said = [(Address("phone", canonical(state.phone)), state.opt_out_evidence or "")]
            by: dict[str, Any] = {"now": now, "actor": actor}
            return [*person.events, *self.remember(connection, said, state.opt_out_said_at, **by)]

        return self._change_with_queries(LEAD, lead_id, decide)

    def merge_leads(self, lead_id: UUID, other_id: UUID, *, actor: str) -> lead.Lead:
        """The two leads are one person, says somebody: ``lead_id`` goes on for both.

        Both keep their enrollments, but where both are in one sequence, or wait for one campaign,
        the other's is given up. If one of them opted out, both are, and of consents a withdrawal
        of either wins. Raises WrongStateError where
        one of them is erased or merged already.
        """

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            other = self._load(LEAD, other_id)
            around = self.queries.surroundings(connection, [lead_id, other_id])
            person = Conversation(state, around[lead_id], now=now, actor=actor)
            past = Conversation(other, around[other_id], now=now, actor=actor)
            owned, of_past = (
                self.queries.owners_of_messages(
                    connection, [each.lead.id, *(m.id for m in each.merged)]
                )
                for each in (person, past)
            )
            person.absorb(past, owned.keys(), {id_ for id_, written in of_past.items() if written})
            agreed = self.queries.consents(connection, [lead_id, other_id])
            own, theirs = (agreed.get(id_, ()) for id_ in (lead_id, other_id))
            by: dict[str, Any] = {"now": now, "actor": actor}
            passed = lead.inherit_consents(person.lead, own, theirs, other_id, **by)
            return [*person.events, *passed]

        return self._change_with_queries(LEAD, lead_id, decide)

    def erase_lead(self, lead_id: UUID, *, actor: str) -> Erased:
        """Make the person's data unreadable in every event, stop the enrollments and cancel every
        message that is not dispatched. The messages and their counts stay. Nobody is registered
        again with one of the person's numbers, but with a renewed consent.

        The row decides, and not the events: one that cannot be read is named in LeadErased, and
        keeps nobody from being forgotten. Raises NotFoundError; WrongStateError for a lead that was
        merged into another: that one is to be erased; ConflictError after ``ATTEMPTS`` lost races.
        """
        for _ in range(ATTEMPTS):
            try:
                with self.queries.transaction() as connection:
                    return self._erase(connection, lead_id, actor)
            except RecordConflictError as conflict:
                self.queries.put_aside_broken(conflict, self.clock())
        raise ConflictError("this lead is changed by others again and again; try later")

    def _erase(self, connection: Any, lead_id: UUID, actor: str) -> Erased:
        # Nobody is registered meanwhile with an id that this makes unavailable.
        self.queries.lock_addresses(connection, alone=True)
        state = self.queries.lead_to_erase(connection, lead_id)
        if state is None:
            raise NotFoundError("lead", lead_id)
        if state.merged_into is not None and state.erased_at is None:
            raise WrongStateError("lead", f"merged into {state.merged_into}", "erase")
        around = self.queries.surroundings(connection, [lead_id])[lead_id]
        own = {lead_id, *(other.id for other in around.merged)}
        past = self.queries.past_addresses(connection, own)
        owners = self.queries.leads_of_keys(connection, past.keys)
        # Whoever has one of the numbers now is somebody else.
        hers = [key for key in past.keys if own.issuperset(owners.get(key, ()))]
        lives = self.lives(connection, hers).values()
        also = {each.next for each in lives if not each.gone and each.latest not in own}
        person = Conversation(state, around, now=self.clock(), actor=actor)
        person.erase(tuple(sorted(also)), past.unreadable)
        suppressed = self.queries.suppressed(connection, hers).values()
        noes = [each.id for each in suppressed]
        self.queries.erase_personal_data(connection, own, hers, noes)
        self.record(connection, person.events)
        return Erased(person.lead, past.unreadable.get(lead_id, ()))

    def _converse(
        self, lead_id: UUID, say: Callable[[Conversation], None], actor: str
    ) -> lead.Lead:
        """Record what follows for the person from what ``say`` tells the conversation.

        Raises WrongStateError for a lead that was merged into another.
        """

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            if state.merged_into is not None:
                raise WrongStateError("lead", f"merged into {state.merged_into}", "change")
            around = self.queries.surroundings(connection, [lead_id])
            person = Conversation(state, around[lead_id], now=now, actor=actor)
            say(person)
            return person.events

        return self._change_with_queries(LEAD, lead_id, decide)
