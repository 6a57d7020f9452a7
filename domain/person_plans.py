"""A lead with all that is planned for it, and how that ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from domain import enrollment, lead, message
from domain.enrollment import StopReason
from domain.event import Event
from domain.lead import Lead
from domain.message import Message
from domain.message.events import CancelReason
from domain.surroundings import Running, Surroundings


class PersonPlans:
    """``lead`` is the person's state, and ``merged`` has the leads that were merged into it.
    ``running`` has the enrollments, and ``unsent`` the messages that may still be cancelled. All
    are as they are after ``events``. ``by`` has ``now`` and ``actor``, of every event."""

    def __init__(
        self, state: Lead, around: Surroundings, by: dict[str, Any], events: list[Event] | None
    ) -> None:
        self.lead = state
        self.merged = list(around.merged)
        self.running = list(around.running)
        self.unsent = {each.id: each for each in around.unsent}
        self.by = by
        self.events: list[Event] = [] if events is None else events

    def stop_all(self, reason: StopReason) -> None:
        """End every enrollment, and cancel all that is not dispatched."""
        self._stop(reason, lambda _: True)
        self._cancel(list(self.unsent.values()), reason)

    def _plan(self, state: Message, event: Event) -> None:
        self.unsent[state.id] = message.evolve(state, event)
        self.events.append(event)

    def _stop(self, reason: StopReason, ends: Callable[[Running], bool]) -> None:
        """End the enrollments that ``ends`` says, with the messages that are planned in them."""
        for each in [running for running in self.running if ends(running)]:
            self.running.remove(each)
            self.events.extend(enrollment.stop(each.state, reason, **self.by))
            planned = [m for m in self.unsent.values() if m.enrollment_id == each.state.id]
            self._cancel(planned, reason)

    def _cancel(self, unwanted: Sequence[Message], reason: StopReason) -> None:
        because: CancelReason = reason
        for state in unwanted:
            del self.unsent[state.id]
            self.events.append(message.cancel(state, because, **self.by))

    def _add(self, events: Sequence[Event]) -> None:
        self.lead = self._follow(self.lead, events)

    def _follow(self, state: Lead, events: Sequence[Event]) -> Lead:
        self.events.extend(events)
        for event in events:
            state = lead.evolve(state, event)
        return state
