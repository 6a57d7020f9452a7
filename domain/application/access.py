"""What was done to keys, credentials, subscriptions and secrets, noted in the log."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from uuid import UUID

from domain.access import Access
from domain.application.base import Commands
from domain.event import Event, following
from domain.ids import keyed


class AccessCommands(Commands):
    """Notes changes of records, each in the transaction that makes it."""

    @cached_property
    def access_id(self) -> UUID:
        """The id of the one stream of events about access."""
        return keyed(self.identity, "access")

    def access_event(self, connection: Any, cls: type[Event], *, actor: str, **facts: Any) -> Event:
        """The event of that class, to be recorded in the transaction of ``connection``. Until the
        transaction ends nobody else makes one."""
        version = self.queries.access_version(connection, self.access_id)
        stream = Access(id=self.access_id, version=version)
        return following(stream, cls, self.clock(), actor, **facts)

    def record_access(self, connection: Any, cls: type[Event], *, actor: str, **facts: Any) -> None:
        """Record it, as the last thing before ``connection`` commits."""
        self.record(connection, [self.access_event(connection, cls, actor=actor, **facts)])
