"""The reaper: ends what nothing else ends.

It deals with leases that ran out, outcomes that never came, receipts that came before their message
was recorded as sent, dispatches that the log has lost, messages that are unwanted, expired or on a
retired device, branches that can be decided, enrollments whose sequence was changed, and
enrollments and campaigns whose last message has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection

from domain import campaign, enrollment, lead, message, pacing
from domain.device_choice import UNTIED, Mover
from domain.event import Event
from domain.message.events import CancelReason
from projections.container import Container
from projections.database.quarantined import FaultyError
from projections.intake import receipts
from projections.queue import retired, sweep, wake
from projections.queue.retired import Held
from projections.readmodels import campaigns, devices, enrollments, leads
from runners.jobs import branches
from runners.sending import brake
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
        # What was searched for held messages of retired devices: nothing new comes there.
        self._searched: set[Held] = set()

    def run_once(self) -> int:
        """Does all that there is to do; returns how much there was."""
        early = receipts.record_early(self.container.database, self.container.outreach, self.actor)
        right = self.clock_is_right()
        again = record_lost(self.container)
        held = brake.apply(self.container, self.actor)
        # Before enrollments are ended: what no branch led to is no step.
        decided = branches.decide(self.container, self.actor, self.chunk) if right else 0
        return (
            early
            + again
            + held
            + decided
            + sum(
                self._exhaust(work)
                for work in (
                    *([self._end_leases] if right else []),
                    self._cancel_unwanted,
                    self._leave_retired_devices,
                    # Before enrollments are ended: one may get another step.
                    self._replan,
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

    def _leave_retired_devices(self, connection: Connection) -> list[Event]:
        """What waits on a retired device moves to another, or is cancelled, as it was said."""
        by: dict[str, Any] = {"now": self.container.outreach.clock(), "actor": self.actor}
        found = retired.stranded(connection, self.chunk) or self._held(connection)
        if not found:
            return []
        statuses = devices.statuses(connection)
        mover = Mover(statuses)
        moving = [each.message for each in found if each.move_pending]
        tied = leads.ties(connection, {each.lead_id for each in moving}, devices.retired(statuses))
        owned = {owner for each in moving if (owner := _owner(each)) is not None}
        pools = retired.pools(connection, owned)
        events: list[Event] = []
        for state, move_pending, move_to in found:
            if not move_pending:
                events.append(message.cancel(state, "device_retired", **by))
                continue
            target = move_to if mover.is_in_service(move_to) else None
            if target is None:
                owner = _owner(state)
                pool = () if owner is None else pools.get(owner, ())
                target = mover.device_of(state.lead_id, tied.get(state.lead_id, UNTIED), pool)
            if target is None:
                events.append(message.cancel(state, "no_device", **by))
            else:
                events.append(message.move(state, target, **by))
        if moving:
            wake.wake_broadcasters(connection)
        return events

    def _held(self, connection: Connection) -> list[retired.Stranded]:
        """What paused campaigns and sequences hold on retired devices. They are searched once: what
        they hold may be much, and what comes there later is found when it is due."""
        pairs = retired.holders(connection)
        self._searched &= pairs
        new = pairs - self._searched
        found = retired.held(connection, new, self.chunk) if new else []
        if not found:
            self._searched |= new
        return found

    def _replan(self, connection: Connection) -> list[Event]:
        """Enrollments whose sequence was changed are planned anew, where the command did not come
        to them."""
        found = self.container.outreach.behind(connection, self.chunk)
        if found is None:
            return []
        replanner, journeys = found
        now = self.container.outreach.clock()
        events: list[Event] = []
        for journey in journeys:
            try:
                events.extend(replanner.replan(journey, now=now, actor=self.actor))
            except Exception as error:
                raise FaultyError("enrollment", journey.enrollment.id, error) from None
        return events

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


def _owner(state: message.Message) -> UUID | None:
    """The message's campaign or sequence; None of one that somebody wrote."""
    return state.campaign_id or state.sequence_id


def _why_released(state: message.Message, now: datetime) -> str:
    if state.lease_until is not None and state.lease_until > now:
        return "claimed by a clock that was ahead"
    return "lease ended"
