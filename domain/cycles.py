"""Sequences that hand people over to each other in a cycle, by their next triggers.

Every sequence that is not inactive counts, drafts too, whatever its niche and re-entry policy: both
may be changed later. Without any delay in a cycle a person would get everything at once, again and
again. With one it may be wanted, and is worth a warning.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from domain import values
from domain.branches import fates
from domain.errors import CycleError
from domain.sequence import Definition


class Link(NamedTuple):
    """A sequence as a part of a cycle. It ``delays`` a person if some time passes between the entry
    and the last step."""

    sequence_id: UUID
    name: str
    trigger: str
    next_trigger: str | None
    delays: bool


def link(sequence_id: UUID, definition: Definition) -> Link:
    """The sequence as a part of a cycle.

    A local time of day counts as a delay: it comes once a day. Windows do not, because they may be
    open. The first step has no delay of its own. Where branches may jump over a step, only what
    comes before them is sure.
    """
    first, *others = definition.steps
    if fates.branching(definition.steps):
        others = []
    delays = definition.first_delay_minutes > 0 or first.send_at is not None
    delays = delays or any(step.delay_hours > 0 or step.send_at is not None for step in others)
    return Link(sequence_id, definition.name, definition.trigger, definition.next_trigger, delays)


def refuse(closing: Link, others: Iterable[Link]) -> None:
    """Raises CycleError if ``closing`` is in a cycle without any delay. ``others`` are the other
    sequences there are."""
    prompt = [each for each in others if not each.delays]
    if not closing.delays and (cycle := _shortest(closing, prompt)):
        raise CycleError(
            "next_trigger", f"another trigger, or a delay in one of the sequences: {_way(cycle)}"
        )


def warnings(closing: Link, others: Iterable[Link]) -> list[str]:
    """What to say of the shortest cycle that ``closing`` is in; nothing if it is in none."""
    cycle = _shortest(closing, list(others))
    if cycle is None:
        return []
    return [
        f"next_trigger: these sequences are a cycle: {_way(cycle)}; a person goes round as often as"
        " their re-entry policies allow"
    ]


def _shortest(closing: Link, others: list[Link]) -> list[Link] | None:
    """The shortest cycle from ``closing`` to itself, in its order."""
    ways = deque([[closing]])
    met: set[UUID] = set()
    while ways:
        way = ways.popleft()
        for each in (closing, *others):
            if each.sequence_id in met or not _leads_to(way[-1], each):
                continue
            if each.sequence_id == closing.sequence_id:
                return way
            met.add(each.sequence_id)
            ways.append([*way, each])
    return None


def _leads_to(link: Link, other: Link) -> bool:
    given = link.next_trigger
    return given is not None and values.matching(given, [other.trigger]) is not None


def _way(cycle: list[Link]) -> str:
    return " -> ".join(repr(each.name) for each in (*cycle, cycle[0]))
