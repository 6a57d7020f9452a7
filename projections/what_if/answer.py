"""The answer to a what-if, and what proves that the same question was answered the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain import queue_forecast
from domain.queue_forecast import Left
from projections.what_if.snapshot import Snapshot


class Recipient(NamedTuple):
    """Somebody who would get it: from that device and at that instant, None where nobody knows
    when; ``step`` is that of a sequence, from 1."""

    lead_id: UUID
    device_id: UUID
    at: datetime | None
    step: int | None = None


class LeftOut(NamedTuple):
    """Somebody who matches, and would get nothing for that reason."""

    lead_id: UUID
    reason: str
    step: int | None = None


class Computed(msgspec.Struct, frozen=True, kw_only=True):
    """How the answer was computed: from the log up to the event ``position``, as of an instant.
    ``digest`` is SHA-256 of the question, the position, who gets what from which device, and who
    does not: the same question at the same position has the same. ``erased`` counts people who are
    absent because they were erased since."""

    position: int
    as_of: datetime
    digest: str
    erased: int
    pauses: str = "average"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Who would get it and who not, in the order of leads; those not counted by reason too.
    ``per_day`` counts by date, device and in total. ``ends_at`` is when the last is sent, None
    without one or where nobody knows. ``real`` is what really happened in the same time."""

    recipients: list[Recipient]
    left_out: list[LeftOut]
    excluded: dict[str, int]
    per_day: dict[str, dict[str, int]]
    ends_at: datetime | None
    computed: Computed
    real: dict[str, Any] | None = None


def answer(
    question: object,
    seen: Snapshot,
    left: Iterable[Left],
    left_out: Iterable[LeftOut],
    zone: ZoneInfo,
    steps: dict[UUID, int] | None = None,
    real: dict[str, Any] | None = None,
) -> Answer:
    """The answer to the ``question``, asked of what was ``seen``. ``left`` is what becomes of each
    message, whose ``steps`` are by its id; days are those of ``zone``."""
    left, steps = list(left), steps or {}
    recipients: list[Recipient] = []
    others = [*left_out]
    for each in left:
        message, step = each.message, steps.get(each.message.message_id)
        if each.why == "expired":
            others.append(LeftOut(message.lead_id, "expired", step))
        else:
            recipients.append(Recipient(message.lead_id, message.device_id, each.at, step))
    recipients.sort(key=lambda each: (each.lead_id, each.step or 0))
    others.sort(key=lambda each: (each.lead_id, each.step or 0, each.reason))
    known = [each.at for each in recipients if each.at is not None]
    who = [(each.lead_id, each.device_id, each.step) for each in recipients]
    what = msgspec.json.encode((question, seen.position, who, others), order="sorted")
    return Answer(
        recipients=recipients,
        left_out=others,
        excluded=dict(Counter(each.reason for each in others)),
        per_day=queue_forecast.per_day(left, zone),
        ends_at=max(known) if len(known) == len(recipients) and known else None,
        computed=Computed(
            position=seen.position,
            as_of=seen.at,
            digest=sha256(what).hexdigest(),
            erased=seen.erased,
        ),
        real=real,
    )
