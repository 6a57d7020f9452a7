"""What is decided on a journey through a sequence that branches, and what that does.

All steps are planned when a lead enters. Those that come after a step with branches are
held until it is decided which of them go. Then some of them go, and the others are cancelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from domain import enrollment, message, planning, zones
from domain.branches import table
from domain.branches.fates import fates, undecided
from domain.branches.table import Seen, Taken
from domain.event import Event
from domain.message import Message
from domain.planning import Sent
from domain.replanning import Journey, not_before
from domain.sequence import Sequence as State
from domain.windows import Hours
from domain.zones import House


class Brancher:
    """Decides for journeys through one ``sequence``. ``house`` is what holds for everybody."""

    def __init__(self, sequence: State, house: House) -> None:
        self._steps = sequence.definition.steps
        self._definition = sequence.definition
        self._house = house

    def decide(
        self, journey: Journey, replied: Sequence[datetime], *, now: datetime, actor: str
    ) -> list[Event]:
        """The events of the enrollment and its messages, where something can be decided at ``now``.
        ``replied`` are the instants of the person's replies."""
        state = journey.enrollment
        messages = {each.step: each for each in journey.messages}
        events: list[Event] = []
        step = undecided(self._steps, state.branches)
        seen = None if step is None else _seen(messages.get(step.number), replied)
        if step is not None and seen is not None:
            taken = table.decide(step.number, step.branches, seen, now)
            if taken is not None:
                branched = enrollment.branch(state, taken, now=now, actor=actor)
                events.append(branched)
                state = enrollment.evolve(state, branched)
        return [*events, *self._carried_out(journey, state.branches, messages, now, actor)]

    def _carried_out(
        self,
        journey: Journey,
        decided: Sequence[Taken],
        messages: Mapping[int, Message],
        now: datetime,
        actor: str,
    ) -> list[Event]:
        """What becomes of the messages that are held, of which more is known now."""
        if not decided:
            return []
        definition = self._definition
        zone = zones.of_recipient(journey.timezone, definition.timezone, journey.phone, self._house)
        hours = Hours(windows=definition.windows, quiet=self._house.quiet)
        last = Sent(decided[-1].at, decided[-1].at, None)
        fate = fates(self._steps, decided)
        events: list[Event] = []
        for step in self._steps:
            each = messages.get(step.number)
            if each is None or each.decided_by == 0 or each.status != "pending":
                continue
            if fate[step.number] == "not_taken":
                events.append(message.cancel(each, "branch_not_taken", now=now, actor=actor))
            elif fate[step.number] == "goes":
                (at,) = planning.follow(last, [step], hours, zone)
                at = not_before(now, at, step, hours, zone)
                last = Sent(at, at, step.send_at)
                events.append(message.reschedule(each, at, "branch", now=now, actor=actor))
        return events


def _seen(sent: Message | None, replied: Iterable[datetime]) -> Seen | None:
    """What became of the step's message; None while it may still be sent. One of unknown outcome
    counts as sent when the wait for its answer ended, as it does for the distances of steps."""
    if sent is None:
        return None
    match sent.status:
        case "sent" | "unknown":
            at = sent.sent_at or sent.answered_at or sent.scheduled_at
            after = min((instant for instant in replied if instant >= at), default=None)
            return Seen(at, True, sent.delivered_at, sent.read_at, after)
        case "failed":
            return Seen(sent.failed_at or sent.scheduled_at, False)
        case "cancelled":
            return Seen(sent.scheduled_at, False)
        case _:
            return None
