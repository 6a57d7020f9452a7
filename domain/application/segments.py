"""The commands on segments. Their events are in the stream about access, which is everybody's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from domain.access import SegmentDeleted, SegmentSaved
from domain.application.access import AccessCommands
from domain.errors import NotFoundError, SegmentInUseError
from domain.segments import Predicate


class SegmentCommands(AccessCommands):
    """Save, change and delete segments."""

    def save_segment(self, predicate: Predicate, *, actor: str) -> UUID:
        """Save a new segment, and return its id."""
        segment_id = self.new_id()
        with self.queries.transaction() as connection:
            self._save(connection, segment_id, predicate, actor)
        return segment_id

    def change_segment(
        self, segment_id: UUID, change: Callable[[Predicate], Predicate], *, actor: str
    ) -> None:
        """Save what ``change`` makes of the segment; nothing is recorded where nothing changes.
        Raises NotFoundError."""
        with self.queries.transaction() as connection:
            present = self._locked(connection, segment_id)
            changed = change(present)
            if changed != present:
                self._save(connection, segment_id, changed, actor)

    def delete_segment(self, segment_id: UUID, *, actor: str) -> None:
        """Delete a segment. Raises NotFoundError, and SegmentInUseError while a campaign that has
        not started, a sequence that people may enter, or a change of one that waits for an approval
        names it."""
        with self.queries.transaction() as connection:
            self._locked(connection, segment_id)
            if users := self.queries.users_of_segment(connection, segment_id):
                raise SegmentInUseError(users)
            self.record_access(connection, SegmentDeleted, segment_id=segment_id, actor=actor)

    def _save(self, connection: Any, id_: UUID, predicate: Predicate, actor: str) -> None:
        self.record_access(
            connection, SegmentSaved, segment_id=id_, predicate=predicate, actor=actor
        )

    def _locked(self, connection: Any, segment_id: UUID) -> Predicate:
        """The segment, which is nobody else's to change or to name until the transaction ends."""
        present = self.queries.segment(connection, segment_id, alone=True)
        if present is None:
            raise NotFoundError("segment", segment_id)
        return present
