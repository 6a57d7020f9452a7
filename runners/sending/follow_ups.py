"""The steps after one that is late are put off with it, so that the plan that is shown is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from domain import message, planning
from domain.event import Event
from domain.planning import Sent
from projections.container import Container
from projections.queue import dispatch
from projections.queue import timing as queue
from runners.sending.timing import Timing

# Less than that is the pace of a device, and shows in no plan. The next step waits for it all the
# same when its time has come.
LATE = timedelta(minutes=1)


class FollowUps:
    """Collects the steps of a transaction that are late; ``push`` puts off what comes after them.

    What somebody else holds is left out: it is put off when its own time has come.
    """

    def __init__(
        self,
        connection: Connection,
        container: Container,
        owners: Mapping[str, dispatch.Owner],
        now: datetime,
        actor: str,
    ) -> None:
        self._connection = connection
        self._container = container
        self._owners = owners
        self._now = now
        self._actor = actor
        # By enrollment the first of its late steps: what comes after that follows from it.
        self._late: dict[str, tuple[dispatch.Candidate, Sent]] = {}

    def queued(self, row: dispatch.Candidate) -> None:
        """The message is sent now."""
        if row.scheduled_at is not None:
            self._add(row, Sent(self._now, row.scheduled_at, self._send_at(row)))

    def rescheduled(self, row: dispatch.Candidate, at: datetime) -> None:
        """The message is planned for ``at`` now."""
        self._add(row, Sent(at, at, self._send_at(row)))

    def _add(self, row: dispatch.Candidate, sent: Sent) -> None:
        owner = self._owners[row.owner_id]
        id_, planned_at = row.enrollment_id, row.scheduled_at
        if id_ is None or planned_at is None:
            return  # a campaign's message has none after it
        place = owner.places.get(row.step)
        # What was removed puts off nothing.
        if place in (None, len(owner.contents) - 1) or sent.at <= planned_at + LATE:
            return
        if id_ not in self._late or place < owner.places.get(self._late[id_][0].step, -1):
            self._late[id_] = row, sent

    def _send_at(self, row: dispatch.Candidate) -> str | None:
        owner = self._owners[row.owner_id]
        return owner.contents[owner.places[row.step]].send_at if row.step in owner.places else None

    def push(self, timing: Timing) -> None:
        """Records that what comes after the late ones is later too."""
        if not self._late:
            return
        events: list[Event] = []
        late = {row.message_id: (row, last) for row, last in self._late.values()}
        for id_, others in queue.pending_others(self._connection, late).items():
            row, last = late[id_]
            owner = self._owners[row.owner_id]
            pending = {each.step: each for each in others}
            place = owner.places.get(row.step, -1)
            after = [step for step in owner.contents[place + 1 :] if step.number in pending]
            due = planning.follow(last, after, *timing.place(row))
            events.extend(
                message.reschedule(
                    pending[step.number], at, "previous_step", now=self._now, actor=self._actor
                )
                for step, at in zip(after, due, strict=True)
                if at > pending[step.number].scheduled_at
            )
        self._container.outreach.record(self._connection, events)
