"""The commands on leads; what a lead wishes reaches its enrollments and messages too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import RecordConflictError

from domain import enrollment, lead, message, values
from domain.application.base import ATTEMPTS, LEAD, Commands, applied
from domain.errors import AlreadyExistsError, ConflictError
from domain.event import Event
from domain.message.events import CancelReason
from domain.opt_out_words import asks_to_stop


class LeadCommands(Commands):
    """Register, update, opt in and out, record replies, erase."""

    def lead_id(self, phone: str) -> UUID:
        """The id of the lead with that E.164 phone, whether or not there is one."""
        return lead.lead_id(self.namespace, phone)

    def get_lead(self, lead_id: UUID) -> lead.Lead:
        """The lead's present state. Raises NotFoundError."""
        return self._load(LEAD, lead_id)

    def register_lead(
        self, phone: str, triggers: Sequence[str], profile: lead.Profile, *, actor: str
    ) -> lead.Lead:
        """Register a lead; ``phone`` is E.164. Raises AlreadyExistsError, with the lead's id, if
        the phone is known, and ConflictError after ``ATTEMPTS`` lost races."""
        lead_id = self.lead_id(phone)
        for _ in range(ATTEMPTS):
            event = lead.register(
                lead_id, phone, tuple(triggers), profile, now=self.clock(), actor=actor
            )
            try:
                with self.queries.transaction() as connection:
                    # A violated key would be an error in the server's log. So it is left to races.
                    is_known = self.queries.has_lead(connection, lead_id)
                    if not is_known:
                        self.record(connection, (event,))
            except RecordConflictError as conflict:
                self.queries.put_aside_broken(conflict, self.clock())
                continue
            if is_known:
                raise AlreadyExistsError("lead", lead_id)
            return cast(lead.Lead, lead.fold(None, (event,)))
        raise ConflictError("this lead is changed by others again and again; try later")

    def register_leads(
        self,
        connection: Any,
        registrations: Iterable[tuple[str, Sequence[str], lead.Profile]],
        *,
        actor: str,
    ) -> None:
        """Register many leads in the caller's transaction, from (phone, triggers, profile).

        No phone of them may be known: one that is raises the library's RecordConflictError.
        """
        now = self.clock()
        events = [
            lead.register(
                self.lead_id(phone), phone, tuple(triggers), profile, now=now, actor=actor
            )
            for phone, triggers, profile in registrations
        ]
        self.record(connection, events)

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
        """Let the lead be written to again. Nothing that the opt-out cancelled comes back."""
        return self._change(LEAD, lead_id, partial(lead.opt_in, evidence=evidence), actor)

    def opt_out(self, lead_id: UUID, evidence: str, *, actor: str) -> lead.Lead:
        """Stop the lead's enrollments and cancel every message that is not dispatched."""

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            return (
                *lead.opt_out(state, evidence, now=now, actor=actor),
                *self._stop_all(connection, lead_id, "opted_out", now=now, actor=actor),
            )

        return self._change_with_queries(LEAD, lead_id, decide)

    def record_reply(self, lead_id: UUID, text: str, provider_id: str, *, actor: str) -> lead.Lead:
        """Record a reply, and stop the enrollments in sequences that a reply stops.

        A STOP word opts the lead out, with the reply as the evidence. The same ``provider_id``
        again is the same reply, and changes nothing.
        """
        provider_id = values.cleaned(provider_id, 500)

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            if self.queries.has_replied(connection, lead_id, provider_id):
                return ()
            answered = self.queries.latest_sent_to(connection, lead_id)
            events: list[Event] = [
                *lead.reply(state, text, provider_id, answered, now=now, actor=actor)
            ]
            if not events:
                return ()
            reason: enrollment.StopReason = "replied"
            if asks_to_stop(text, self.stop_words):
                reason = "opted_out"
                after = lead.evolve(state, events[0])
                events.extend(lead.opt_out(after, text, now=now, actor=actor))
            return (*events, *self._stop_all(connection, lead_id, reason, now=now, actor=actor))

        return self._change_with_queries(LEAD, lead_id, decide)

    def erase_lead(self, lead_id: UUID, *, actor: str) -> lead.Lead:
        """Make the lead's personal data unreadable in every event, stop its enrollments and cancel
        every message that is not dispatched. The messages and their counts stay."""

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            self.queries.erase_personal_data(connection, lead_id)
            return (
                *lead.erase(state, now=now, actor=actor),
                *self._stop_all(connection, lead_id, "erased", now=now, actor=actor),
            )

        return self._change_with_queries(LEAD, lead_id, decide)

    def _stop_all(
        self,
        connection: Any,
        lead_id: UUID,
        reason: enrollment.StopReason,
        *,
        now: datetime,
        actor: str,
    ) -> Sequence[Event]:
        """The events that stop enrollments and cancel messages of the lead: all of them after an
        opt-out or erasure, after a reply those of the sequences that a reply stops."""
        stopped: list[Event] = []
        unwanted: list[message.Message] = []
        for running, stop_on_reply in self.queries.active_enrollments(connection, lead_id):
            if reason != "replied" or stop_on_reply:
                stopped.extend(enrollment.stop(running, reason, now=now, actor=actor))
                if reason == "replied":
                    unwanted.extend(self.queries.cancellable(connection, lead_id, running.id))
        if reason != "replied":
            unwanted = self.queries.cancellable(connection, lead_id)
        cancel_reason = cast(CancelReason, reason)
        return (
            *stopped,
            *(message.cancel(state, cancel_reason, now=now, actor=actor) for state in unwanted),
        )
