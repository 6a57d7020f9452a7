"""The commands on sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from domain import cycles, sequence, sequence_approval, sequence_edits
from domain.application.base import SEQUENCE
from domain.application.sequence_edits import SequenceEditCommands
from domain.event import Event


class SequenceCommands(SequenceEditCommands):
    """Define, copy, activate, pause, resume, deactivate, delete.

    Whatever closes a cycle of sequences without any delay raises CycleError.
    """

    def get_sequence(self, sequence_id: UUID) -> sequence.Sequence:
        """The sequence's present state. Raises NotFoundError."""
        return self._load(SEQUENCE, sequence_id)

    def define_sequence(
        self, definition: Callable[[UUID], sequence.Definition], *, actor: str
    ) -> sequence.Sequence:
        """Define a draft; ``definition`` is made for the new sequence's id, which its steps'
        content ids name."""
        sequence_id = self.new_id()
        with self.queries.transaction() as connection:
            made = definition(sequence_id)
            made = sequence.asking(made, self._segment(connection, made.segment_id))
            event = sequence.define(sequence_id, made, now=self.clock(), actor=actor)
            self._refuse_cycle(connection, sequence_id, event.definition)
            self.record(connection, (event,))
        return sequence.evolve(None, event)

    def copy_sequence(
        self, sequence_id: UUID, *, name: str | None = None, trigger: str | None = None, actor: str
    ) -> sequence.Sequence:
        """Define a draft that is like the sequence, in whatever status that is, but for what is
        given. Raises NotFoundError."""
        present = self.get_sequence(sequence_id)
        copy = partial(sequence_edits.copied, present, name=name, trigger=trigger)
        return self.define_sequence(copy, actor=actor)

    def delete_sequence(self, sequence_id: UUID, *, actor: str) -> None:
        """Delete a draft: from then on there is no such sequence. Raises NotFoundError, and
        WrongStateError for what is no draft."""
        self._change(SEQUENCE, sequence_id, sequence_edits.delete, actor)

    def activate_sequence(self, sequence_id: UUID, *, actor: str) -> sequence.Sequence:
        """Let a draft enroll leads."""
        decide = partial(self._activate, actor=actor)
        return self._change_with_queries(SEQUENCE, sequence_id, decide)

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

    def warnings_about_sequence(self, sequence_id: UUID) -> list[str]:
        """What somebody should know who defined or changed it: a cycle that it is in, which has a
        delay."""
        with self.queries.transaction() as connection:
            found = self.queries.next_triggers(connection, alone=False)
        own = found.pop(sequence_id, None)
        if own is None:
            return []
        others = [cycles.link(id_, other) for id_, other in found.items()]
        return cycles.warnings(cycles.link(sequence_id, own), others)

    def _activate(
        self, connection: Any, state: sequence.Sequence, now: datetime, actor: str
    ) -> Sequence[Event]:
        segment = self._segment(connection, state.definition.segment_id)
        if self.house.four_eyes:
            sequence_approval.require_approval(state)
            # What was approved, whatever became of it since.
            segment = state.definition.segment
        self._refuse_cycle(connection, state.id, state.definition)
        return sequence.activate(state, segment, now=now, actor=actor)
