"""The commands on leads; what a lead wishes reaches its enrollments and messages too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from domain import lead
from domain.application.base import LEAD, applied
from domain.application.registration import RegistrationCommands
from domain.conversation import Conversation
from domain.errors import AlreadyExistsError, WrongStateError
from domain.event import Event
from domain.phones import canonical


class LeadCommands(RegistrationCommands):
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
    ) -> lead.Lead:
        """Replace the profile; ``profile`` is the new one, or makes it of the present one."""

        def decide(state: lead.Lead, *, now: datetime, actor: str) -> Sequence[Event]:
            return lead.update(state, applied(profile, state.profile), now=now, actor=actor)

        return self._change(LEAD, lead_id, decide, actor)

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
        """Correct the lead's phone, to ``phone`` in E.164. Raises AlreadyExistsError where it is
        another lead's."""

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            self.queries.lock_addresses(connection, alone=True)
            owners = self.queries.leads_of_keys(connection, [canonical(phone)])
            others = [id_ for ids in owners.values() for id_ in ids if id_ != lead_id]
            if others:
                raise AlreadyExistsError("lead", others[0])
            around = self.queries.surroundings(connection, [lead_id])
            person = Conversation(state, around[lead_id], now=now, actor=actor)
            person.suppressed |= self.queries.suppressed(connection, [canonical(phone)])
            person.move(phone, evidence)
            return person.events

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
            for each in own:
                self.queries.erase_personal_data(connection, each)
            keys = {address.key for address in around.known if address.key.startswith("+")}
            also = {self._new_id(key) for key in keys} - own
            person = Conversation(state, around, now=now, actor=actor)
            person.erase(tuple(sorted(also)))
            return person.events

        return self._change_with_queries(LEAD, lead_id, decide)

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
