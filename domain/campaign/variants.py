"""Variants of a campaign's text, and the leads that are held out of it.

Who gets which follows from the ids alone, so that anybody can check it: the first eight bytes of
SHA-256(campaign id, lead id), big endian, over 2^64, is the lead's number. It falls into the shares
in their order; those who are held out come last.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

import msgspec

from domain import content, rendering, values
from domain.content import Content
from domain.errors import InvalidInputError

MOST = 10
_SPACE = 2**64
# What a sum of decimal shares may be off by.
_ROUNDING = 1e-9


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One text of several; ``share`` is that of the audience which gets it, above 0 and up to 1."""

    name: str
    body: str
    share: float


def check(variants: Sequence[Variant], hold_out: float) -> tuple[Variant, ...]:
    """The variants, tidied. Raises InvalidInputError naming what is wrong, counted from 1."""
    if not 0 <= hold_out < 1:
        raise InvalidInputError("hold_out", "a share from 0 to below 1")
    if not variants:
        return ()
    if not 2 <= len(variants) <= MOST:
        raise InvalidInputError("variants", f"2 to {MOST} variants, or none")
    tidied: list[Variant] = []
    for number, each in enumerate(variants, start=1):
        prefix = f"variants[{number}]."
        name = values.name(f"{prefix}name", each.name, longest=100)
        if name in {other.name for other in tidied}:
            raise InvalidInputError(f"{prefix}name", "another name than the variants before it")
        values.text(f"{prefix}body", each.body, longest=content.LONGEST_BODY)
        rendering.check(f"{prefix}body", each.body)
        if not 0 < each.share <= 1:
            raise InvalidInputError(f"{prefix}share", "a share above 0 and up to 1")
        tidied.append(msgspec.structs.replace(each, name=name))
    if abs(sum(each.share for each in tidied) + hold_out - 1) > _ROUNDING:
        raise InvalidInputError("variants", "shares that make 1 together with hold_out")
    return tuple(tidied)


def cutoffs(variants: Sequence[Variant], hold_out: float) -> tuple[int, ...]:
    """Where, among the numbers from 0 to 2^64, each group but the last ends."""
    shares = [each.share for each in variants] or [1 - hold_out]
    ends = [math.fsum(shares[: place + 1]) for place in range(len(shares))]
    if not hold_out:
        del ends[-1]
    return tuple(min(math.ceil(end * _SPACE), _SPACE) for end in ends)


def place(ends: Sequence[int], campaign_id: UUID, lead_id: UUID) -> int:
    """The place of the lead's group, from 0, among those that ``ends`` divide."""
    digest = sha256(campaign_id.bytes + lead_id.bytes).digest()
    return bisect_right(ends, int.from_bytes(digest[:8]))


def wilson(count: int, of: int) -> tuple[float, float] | None:
    """The interval that holds a share with 95 % confidence, by Wilson (1927), where ``count`` of
    ``of`` were seen; None of none."""
    if not of:
        return None
    share, z = count / of, 1.959964
    middle = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    below = 1 + z * z / of
    low, high = (middle - spread) / below, (middle + spread) / below
    return round(max(0.0, low), 4), round(min(1.0, high), 4)


class Groups:
    """Who gets which text of a campaign ``written`` so; one content of many has no variants."""

    def __init__(
        self, campaign_id: UUID, written: Content, variants: Sequence[Variant], hold_out: float
    ) -> None:
        self._campaign_id = campaign_id
        self._ends = cutoffs(variants, hold_out)
        self._texts = texts(written, variants)

    def is_held_out(self, lead_id: UUID) -> bool:
        """Whether the lead gets nothing."""
        return bool(self._ends) and self.content(lead_id) is None

    def content(self, lead_id: UUID) -> Content | None:
        """What the lead gets; None if it is held out."""
        if not self._ends:
            return self._texts[0]
        found = place(self._ends, self._campaign_id, lead_id)
        return self._texts[found] if found < len(self._texts) else None


def texts(written: Content, variants: Sequence[Variant]) -> tuple[Content, ...]:
    """A content for each variant, which ``content_id`` numbers from 1; without variants the one
    content that there is, numbered 0."""
    if not variants:
        return (written,)
    event = written.content_id.rpartition(":")[0]
    return tuple(
        Content(
            content_id=f"{event}:{number}",
            body=each.body,
            media_url=written.media_url,
            rules=written.rules,
        )
        for number, each in enumerate(variants, start=1)
    )
