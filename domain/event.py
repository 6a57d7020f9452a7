"""What every event has, how the next one is made, and how a stream becomes a state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something that happened to one aggregate.

    ``timestamp`` is aware and in UTC. ``actor`` says who did it: ``api:<key name>``,
    ``runner:<kind>:<host>:<pid>``, ``webhook:<gateway>`` or ``cli:<user>``.
    ``TOPIC`` is the frozen name under which the event is stored; it outlives every rename.
    """

    TOPIC: ClassVar[str] = ""

    originator_id: UUID
    originator_version: int
    timestamp: datetime
    actor: str


class ForeignEventError(TypeError):
    """An event that cannot begin, or go on with, the aggregate it was given to."""

    def __init__(self, what: str, event: Event) -> None:
        super().__init__(f"{what} cannot begin or go on with {type(event).__name__}")


class Versioned(Protocol):
    """The state of any aggregate: its id, and how many events made it."""

    @property
    def id(self) -> UUID:
        """The aggregate's id."""
        ...

    @property
    def version(self) -> int:
        """The version of the latest event, from 1."""
        ...


E = TypeVar("E", bound=Event)
S = TypeVar("S")


def first(cls: type[E], aggregate_id: UUID, now: datetime, actor: str, **fields: Any) -> E:
    """The event that begins an aggregate's stream (version 1)."""
    return cls(
        originator_id=aggregate_id, originator_version=1, timestamp=now, actor=actor, **fields
    )


def following(state: Versioned, cls: type[E], now: datetime, actor: str, **fields: Any) -> E:
    """The event that comes next in the stream that made ``state``."""
    return cls(
        originator_id=state.id,
        originator_version=state.version + 1,
        timestamp=now,
        actor=actor,
        **fields,
    )


def folder(evolve: Callable[[S | None, Any], S]) -> Callable[[S | None, Iterable[Any]], S | None]:
    """The projector function that the library's repository asks for: it gives the state after all
    ``events``, from the state before them (None before the first)."""

    def fold(state: S | None, events: Iterable[Any]) -> S | None:
        for event in events:
            state = evolve(state, event)
        return state

    return fold
