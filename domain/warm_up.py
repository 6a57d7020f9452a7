"""The warm-up of a new number. Its limit of a day is in ``projections.schema.expressions``."""

from __future__ import annotations

import msgspec

from domain.errors import InvalidInputError

# The greatest limit of a day.
MOST = 2_000_000_000


class WarmUp(msgspec.Struct, frozen=True, kw_only=True, rename={"least": "from", "most": "to"}):
    """On day d, from 1, counted from the first connection in the device's zone, the limit is
    ``least + (most - least) * (d - 1) / days`` dispatches, rounded down. After ``days`` days it is
    ``most``. In JSON the limits are called ``from`` and ``to``."""

    least: int
    most: int
    days: int


def check(warm_up: WarmUp) -> None:
    """Raises InvalidInputError naming a value that is wrong."""
    if not 1 <= warm_up.least <= MOST:
        raise InvalidInputError("warm_up.from", "a whole number of at least 1")
    if not warm_up.least <= warm_up.most <= MOST:
        raise InvalidInputError("warm_up.to", "a whole number of at least warm_up.from")
    if not 1 <= warm_up.days <= 366:
        raise InvalidInputError("warm_up.days", "a whole number of days from 1 to 366")
