"""The reaper: ends what nothing else ends.

It deals with leases that ran out, outcomes that never came, receipts that came before their message
was recorded as sent, dispatches that the log has lost, messages that are unwanted or expired, and
enrollments and campaigns whose last message has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Connection

from domain import campaign, enrollment, lead, message, pacing
from domain.event import Event
from domain.message.events import CancelReason
from projections.container import Container
from projections.intake import receipts
from projections.queue import sweep
from projections.readmodels import campaigns, enrollments, leads
from runners.sending.dispatch import patience
from runners.sending.recovery import record_lost
from runners.support.clock_watch import always_right

CHUNK = 1000


class Reaper:
    """Any number may run; each works on rows that no other has locked.

    ``chunk`` is the largest number of rows in a transaction. While ``clock_is_right`` says no it
    ends nothing that only the time ends: no lease, and no message that comes too late.
    """

    def __init__(
        self,
        container: Container,
        actor: str,
        chunk: int = CHUNK,
        clock_is_right: Callable[[], bool] = always_right,
    ) -> None:
        self.container = container
        self.actor = actor
        self.chunk = chunk
        self.clock_is_right = clock_is_right

    def run_once(self) -> int:
        """Does all that there is to do; returns how much there was."""
        early = receipts.record_early(self.container.database, self.container.outreach, self.actor)
        right = self.clock_is_right()
        again = record_lost(self.container)
        return (
            early
            + again
            + sum(
                self._exhaust(work)
                for work in (
                    *([self._end_leases] if right else []),
                    self._cancel_unwanted,
                    *([self._expire] if right else []),
                    self._end_enrollments,
                    self._finish_campaigns,
                )
            )
        )

    def _exhaust(self, work: Callable[[Connection], list[Event]]) -> int:
        """Records the events of ``work`` until there are none; returns how many there were."""

        def transaction(connection: Connection) -> int:
            events = work(connection)
            self.container.outreach.record(connection, events)
            return len(events)

        total = 0
        while done := self.container.run_around("reap", "reaper", transaction):
            total += done
        return total

    def _end_leases(self, connection: Connection) -> list[Event]:
        """Claims are released; calls without an outcome become unknown. That is when their time is
        over, or where it is so far ahead that only a clock that was wrong can have said it."""
        now = self.container.outreach.clock()
        settings = self.container.settings
        farthest = pacing.farthest_lease(
            now,
            timedelta(seconds=settings.broadcast_every),
            timedelta(seconds=settings.lease_seconds),
        )
        given_up = now - patience(settings)
        sweep.forget_settled_leases(connection, now)
        sweep.note_leases_ahead(connection, now, farthest)
        return [
            message.release(state, _why_released(state, now), now=now, actor=self.actor)
            if state.status == "processing"
            else message.lose_track(state, "no answer in time", now=now, actor=self.actor)
            for state in sweep.abandoned(connection, now, farthest, given_up, self.chunk)
        ]

    def _cancel_unwanted(self, connection: Connection) -> list[Event]:
        """Messages that will never be sent are cancelled with the reason."""
        now = self.container.outreach.clock()
        return [
            message.cancel(state, cast(CancelReason, reason), now=now, actor=self.actor)
            for state, reason in sweep.unwanted(connection, self.chunk)
        ]

    def _expire(self, connection: Connection) -> list[Event]:
        """Messages of a campaign that come too late are cancelled."""
        now = self.container.outreach.clock()
        return [
            message.cancel(state, "expired", now=now, actor=self.actor)
            for state in sweep.expired(connection, now, self.chunk)
        ]

    def _end_enrollments(self, connection: Connection) -> list[Event]:
        """Enrollments whose last message has ended are completed where every step was sent, else
        stopped; all are stopped with their sequence.

        A completed enrollment may give the lead the trigger of the next sequence; a stopped one
        does not.
        """
        now = self.container.outreach.clock()
        events: list[Event] = []
        finished = enrollments.finished(connection, self.chunk)
        passing_on = {row.lead_id for row in finished if row.next_trigger is not None}
        triggered = leads.living(connection, passing_on)
        for row in finished:
            state = enrollments.state(row)
            if row.cancel_pending:
                reason: enrollment.StopReason = "sequence_cancelled"
                events.extend(enrollment.stop(state, reason, now=now, actor=self.actor))
                continue
            ended = enrollment.end(state, enrollments.unsent(row), now=now, actor=self.actor)
            events.extend(ended)
            completed = any(isinstance(event, enrollment.EnrollmentCompleted) for event in ended)
            if not completed or row.next_trigger is None:
                continue
            person = triggered.get(row.lead_id)
            if person is not None:
                added = lead.add_trigger(person, row.next_trigger, now=now, actor=self.actor)
                events.extend(added)
                for event in added:
                    person = lead.evolve(person, event)
                triggered.update((id_, person) for id_, p in triggered.items() if p.id == person.id)
        return events

    def _finish_campaigns(self, connection: Connection) -> list[Event]:
        """Campaigns whose last message has ended are finished."""
        now = self.container.outreach.clock()
        return [
            event
            for state in campaigns.finished(connection)
            for event in campaign.finish(state, now=now, actor=self.actor)
        ]


def _why_released(state: message.Message, now: datetime) -> str:
    if state.lease_until is not None and state.lease_until > now:
        return "claimed by a clock that was ahead"
    return "lease ended"
