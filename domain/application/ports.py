"""What the commands ask of the database that keeps the events."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from domain.enrollment import Enrollment
from domain.message import Message


class CommandQueries(Protocol):
    """What commands must see beyond the aggregate they change.

    ``connection`` is what ``transaction`` gave; an answer holds until that transaction ends where
    its docstring says that rows are locked.
    """

    def namespace(self) -> UUID:
        """The namespace of this installation's derived ids; it never changes."""
        ...

    def transaction(self) -> AbstractContextManager[Any]:
        """A transaction: committed at the end of the block, rolled back by an exception.

        Raises the library's RecordConflictError where it lost against another transaction.
        """
        ...

    def has_lead(self, connection: Any, lead_id: UUID) -> bool:
        """Whether that lead was registered, by any transaction that is committed."""
        ...

    def cancellable(
        self, connection: Any, lead_id: UUID, enrollment_id: UUID | None = None
    ) -> list[Message]:
        """Lock the lead's messages that are pending or processing: all, or one enrollment's."""
        ...

    def active_enrollments(self, connection: Any, lead_id: UUID) -> list[tuple[Enrollment, bool]]:
        """Lock the lead's active enrollments; each comes with whether a reply stops it."""
        ...

    def erase_personal_data(self, connection: Any, lead_id: UUID) -> None:
        """Make the lead's personal data unreadable for ever."""
        ...

    def latest_sent_to(self, connection: Any, lead_id: UUID) -> UUID | None:
        """The message that a reply answers: the latest dispatched to the lead that may have reached
        it. None if there is none."""
        ...

    def put_aside_broken(self, conflict: Exception, now: datetime) -> None:
        """Put into quarantine what nothing can be recorded of, if that is why the ``conflict``
        came. ``cancellable`` and ``active_enrollments`` leave it out from now on."""
        ...

    def has_replied(self, connection: Any, lead_id: UUID, provider_id: str) -> bool:
        """Whether the lead's reply with that id of the provider is recorded already."""
        ...

    def wake_broadcasters(self, connection: Any) -> None:
        """Tell the broadcasters, at commit, to look for due messages at once."""
        ...
