"""Of whom a device may speak: of people whom it could have met.

Whoever knows the secret of one device's webhooks can say anything in the name of anybody. So what
comes through a device counts only for people who have to do with that device.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import NamedTuple
from uuid import UUID


class Meetings(NamedTuple):
    """The ``devices`` that have met a person. The person is ``claimed`` if one of these is in
    service, and is the person's own or has written to the person."""

    devices: Set[UUID] = frozenset()
    claimed: bool = False

    def could_include(self, speakers: Set[UUID] | None) -> bool:
        """Whether devices that are proved by one secret, the ``speakers``, could have met the
        person: one of them has, or no device in service claims the person. With None it is our own
        program that speaks, as it does of the answers to its own calls."""
        if speakers is None or not self.claimed:
            return True
        return self.include(speakers)

    def include(self, speakers: Set[UUID] | None) -> bool:
        """Whether one of the ``speakers`` has met the person, or our own program speaks. What moves
        a person to another number needs that: it is not enough that nobody else has met her."""
        return speakers is None or not self.devices.isdisjoint(speakers)


def meetings(
    own: Iterable[UUID], wrote: Iterable[UUID], heard: Iterable[UUID], in_service: Set[UUID]
) -> Meetings:
    """The meetings of a person whose leads have the ``own`` devices, to whom messages were handed
    over to those that ``wrote``, and whose replies were recorded through those that ``heard``.

    A device that only heard the person has no claim: else a forged message could keep the person's
    no from every other device. Neither has one that is retired: another may have its number now.
    """
    claims = {*own, *wrote}
    return Meetings(frozenset({*claims, *heard}), not claims.isdisjoint(in_service))
