"""The reaper: ends what nothing else ends.

It deals with leases that ran out, outcomes that never came, receipts that came before their message
was recorded as sent, dispatches that the log has lost, messages that are unwanted or expired, and
enrollments and campaigns whose last message has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from sqlalchemy import Connection

from domain import campaign, enrollment, lead, message
from domain.event import Event
from domain.message.events import CancelReason
from projections.container import Container
from projections.intake import inbound
from projections.queue import sweep
from projections.readmodels import campaigns, enrollments, leads
from runners.sending.dispatch import patience
from runners.sending.recovery import record_lost

CHUNK = 1000


class Reaper:
    """Any number may run; each works on rows that no other has locked.

    ``chunk`` is the largest number of rows in a transaction.
    """

    def __init__(self, container: Container, actor: str, chunk: int = CHUNK) -> None:
        self.container = container
        self.actor = actor
        self.chunk = chunk

    def run_once(self) -> int:
        """Does all that there is to do; returns how much there was."""
        early = inbound.record_early(self.container.database, self.container.outreach, self.actor)
        return (
            early
            + record_lost(self.container)
            + sum(
                self._exhaust(work)
                for work in (
                    self._end_leases,
                    self._cancel_unwanted,
                    self._expire,
                    self._complete_enrollments,
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
        while done := self.container.database.run("reap", transaction):
            total += done
        return total

    def _end_leases(self, connection: Connection) -> list[Event]:
        """Claims are released; calls without an outcome become unknown."""
        now = self.container.outreach.clock()
        given_up = now - patience(self.container.settings)
        sweep.forget_settled_leases(connection, now)
        return [
            message.release(state, "lease ended", now=now, actor=self.actor)
            if state.status == "processing"
            else message.lose_track(state, "no answer in time", now=now, actor=self.actor)
            for state in sweep.abandoned(connection, now, given_up, self.chunk)
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

    def _complete_enrollments(self, connection: Connection) -> list[Event]:
        """Enrollments whose last message has ended are completed, or stopped with their sequence.

        A completed enrollment may give the lead the trigger of the next sequence; a stopped one
        does not.
        """
        now = self.container.outreach.clock()
        events: list[Event] = []
        finished = enrollments.finished(connection, self.chunk)
        triggered = leads.states(
            connection, {row.lead_id for row in finished if row.next_trigger is not None}
        )
        for row in finished:
            state = enrollments.state(row)
            if row.cancel_pending:
                reason: enrollment.StopReason = "sequence_cancelled"
                events.extend(enrollment.stop(state, reason, now=now, actor=self.actor))
                continue
            events.extend(enrollment.complete(state, now=now, actor=self.actor))
            if row.next_trigger is None:
                continue
            person = triggered[row.lead_id]
            if person.erased_at is None:
                added = lead.add_trigger(person, row.next_trigger, now=now, actor=self.actor)
                for event in added:
                    triggered[row.lead_id] = lead.evolve(triggered[row.lead_id], event)
                events.extend(added)
        return events

    def _finish_campaigns(self, connection: Connection) -> list[Event]:
        """Campaigns whose last message has ended are finished."""
        now = self.container.outreach.clock()
        return [
            event
            for state in campaigns.finished(connection)
            for event in campaign.finish(state, now=now, actor=self.actor)
        ]
