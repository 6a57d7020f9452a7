"""The commands on leads; what a lead wishes reaches its enrollments and messages too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, cast
from uuid import UUID

from domain import lead
from domain.addresses import Address
from domain.application.base import LEAD, applied
from domain.application.registration import RegistrationCommands
from domain.application.suppressions import SuppressionCommands
from domain.conversation import Conversation
from domain.errors import AlreadyExistsError, WrongStateError
from domain.event import Event
from domain.lead.events import LeadPhoneChanged, LeadRegistered
from domain.phones import canonical


class Updated(NamedTuple):
    """A lead after a change, and how many pending messages it ``moved`` to another device."""

    lead: lead.Lead
    moved: int


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
        ``phone`` is another lead's, or that of a person who was erased."""

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            self.queries.lock_addresses(connection, alone=True)
            key = canonical(phone)
            owners = self.queries.leads_of_keys(connection, [key])
            others = [id_ for id_ in owners.get(key, ()) if id_ != lead_id]
            gone = {} if owners else self.unavailable(connection, [key])
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
        the other's is given up. If one of them opted out, both are. Raises WrongStateError where
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
            return person.events

        return self._change_with_queries(LEAD, lead_id, decide)

    def erase_lead(self, lead_id: UUID, *, actor: str) -> lead.Lead:
        """Make the person's data unreadable in every event, stop the enrollments and cancel every
        message that is not dispatched. The messages and their counts stay, and nobody is registered
        again with one of the person's numbers. Raises WrongStateError for a lead that was merged
        into another: that one is to be erased."""

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            if state.merged_into is not None and state.erased_at is None:
                raise WrongStateError("lead", f"merged into {state.merged_into}", "erase")
            around = self.queries.surroundings(connection, [lead_id])[lead_id]
            own = {lead_id, *(other.id for other in around.merged)}
            numbers = {key for each in own for key in self._numbers(each)}
            for each in own:
                self.queries.erase_personal_data(connection, each)
            also = {self._new_id(key) for key in numbers} - own
            person = Conversation(state, around, now=now, actor=actor)
            person.erase(tuple(sorted(also)))
            return person.events

        return self._change_with_queries(LEAD, lead_id, decide)

    def _numbers(self, lead_id: UUID) -> set[str]:
        """Every number that the lead ever had, as canonical phones."""
        events = cast(Iterable[Event], self.events.get(lead_id))
        return {
            canonical(event.phone)
            for event in events
            if isinstance(event, LeadRegistered | LeadPhoneChanged) and event.phone
        }

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
