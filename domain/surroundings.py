"""What belongs to a person when something is said."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from domain import values
from domain.addresses import Address
from domain.enrollment import Enrollment
from domain.lead import Lead
from domain.message import Message
from domain.suppression import Suppression


class Running(NamedTuple):
    """An active enrollment, when it began, and what ends it."""

    state: Enrollment
    enrolled_at: datetime
    stop_on_reply: bool
    stop_on_manual_message: bool

    def began_after(self, at: datetime) -> bool:
        """Whether ``at`` is surely before the enrollment began."""
        return values.surely_before(at, self.enrolled_at)


class LastMessage(NamedTuple):
    """The latest message that may have reached the person. ``awaited`` says that it, or one before
    it, was dispatched and the answer is not recorded yet."""

    message_id: UUID
    dispatched_at: datetime
    sent_at: datetime | None
    awaited: bool = False

    def is_answered(self, at: datetime, within: timedelta) -> bool:
        """Whether what came ``at`` an instant answers it automatically: ``within`` that time."""
        ended = (self.sent_at or self.dispatched_at) + within
        return self.dispatched_at - values.PROVIDERS_TICK < at <= ended


class Surroundings(NamedTuple):
    """What belongs to a person: locked, and as it is now.

    ``merged`` are the leads that were merged into the person's. ``unsent`` are messages that may
    still be cancelled. ``known`` are the addresses that are known. ``suppressed`` are suppressions
    by the key of their address, of all addresses that will be spoken of; several conversations may
    share them, and each writes there what it changes.
    """

    merged: Sequence[Lead] = ()
    running: Sequence[Running] = ()
    unsent: Sequence[Message] = ()
    last: LastMessage | None = None
    known: Set[Address] = frozenset()
    suppressed: dict[str, Suppression] | None = None
