"""The commands on sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from domain import sequence
from domain.application.base import SEQUENCE, Commands
from domain.errors import NotFoundError
from domain.event import Event


class SequenceCommands(Commands):
    """Define, activate, pause, resume, deactivate; revise a step."""

    def get_sequence(self, sequence_id: UUID) -> sequence.Sequence:
        """The sequence's present state. Raises NotFoundError."""
        return self._load(SEQUENCE, sequence_id)

    def define_sequence(
        self, definition: Callable[[UUID], sequence.Definition], *, actor: str
    ) -> sequence.Sequence:
        """Define a draft; ``definition`` is made for the new sequence's id, which its steps'
        content ids name."""
        sequence_id = self.new_id()
        event = sequence.define(sequence_id, definition(sequence_id), now=self.clock(), actor=actor)
        return self._begin(SEQUENCE, event)

    def activate_sequence(self, sequence_id: UUID, *, actor: str) -> sequence.Sequence:
        """Let a draft enroll leads."""
        return self._change(SEQUENCE, sequence_id, sequence.activate, actor)

    def pause_sequence(self, sequence_id: UUID, *, actor: str) -> sequence.Sequence:
        """Stop enrolling, and hold what is pending."""
        return self._change(SEQUENCE, sequence_id, sequence.pause, actor)

    def resume_sequence(self, sequence_id: UUID, *, actor: str) -> sequence.Sequence:
        """Enroll again, and free what was held."""
        return self._change(SEQUENCE, sequence_id, sequence.resume, actor)

    def deactivate_sequence(
        self, sequence_id: UUID, *, cancel_pending: bool = False, actor: str
    ) -> sequence.Sequence:
        """Stop enrolling for good. With ``cancel_pending`` what is pending is held at once and
        cancelled by the reaper; without it, it is sent."""
        decide = partial(sequence.deactivate, cancel_pending=cancel_pending)
        return self._change(SEQUENCE, sequence_id, decide, actor)

    def revise_step(
        self, sequence_id: UUID, number: int, *, actor: str, **content: Any
    ) -> sequence.Sequence:
        """Give step ``number``, from 1, new content for every message that is not dispatched.

        ``content`` has some of the fields of ``planning.Step`` but for its content's id; the others
        stay. Raises NotFoundError where there is no such step.
        """

        def decide(state: sequence.Sequence, *, now: datetime, actor: str) -> Sequence[Event]:
            steps = state.definition.steps
            if not 1 <= number <= len(steps):
                raise NotFoundError("step", number)
            present = msgspec.structs.asdict(steps[number - 1])
            del present["content_id"]
            merged = {**present, **content}
            return sequence.revise_step(state, number, **merged, now=now, actor=actor)

        return self._change(SEQUENCE, sequence_id, decide, actor)
