"""Counts that change with the messages: what a batch adds, and that batches add up."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from projections.container import Container
from projections.readmodels.counters import Moved, Tally
from tests.support import given, then

OWNER, OTHER, DEVICE, ENROLLMENT = (UUID(int=number) for number in (1, 2, 3, 4))
DAY = date(2026, 3, 2)
AT = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)


def moved(was: str | None, now: str, **fields: Any) -> Moved:
    """One message of OWNER's first step, which has its slot on DAY."""
    usual: dict[str, Any] = {
        "owner_id": OWNER,
        "step": 1,
        "device_id": DEVICE,
        "day": DAY,
        "was": was,
        "now": now,
        "was_reason": None,
        "now_reason": None,
        "messages": 1,
        "enrollments": [ENROLLMENT],
        "at": None,
    }
    return Moved(**{**usual, **fields})


def tally(*rows: Moved) -> Tally:
    """What a batch adds in which these messages moved."""
    batch = Tally()
    batch.moved(rows)
    return batch


def changed(counts: dict[str, int]) -> dict[str, int]:
    """Without those that stay as they are."""
    return {name: count for name, count in counts.items() if count}


def write(container: Container, *batches: Tally) -> None:
    """Each in a transaction of its own."""
    for batch in batches:
        with container.database.transaction() as connection:
            batch.write(connection)


# What a batch adds


def test_a_message_that_is_new_is_pending(container: Container) -> None:
    """It has no slot, so no day counts it; its enrollment counted it when it began."""
    batch = tally(moved(None, "pending", day=None, messages=5))

    assert changed(batch.messages[OWNER, 1]) == {"pending": 5}
    assert (batch.reasons, batch.days, batch.open) == ({}, {}, {})


@pytest.mark.parametrize(
    ("was", "now", "day"),
    [
        ("pending", "processing", {"claimed": 1}),
        ("pending", "queued", {"claimed": 1}),
        ("processing", "queued", {}),
        ("processing", "pending", {"claimed": -1}),
        ("processing", "cancelled", {"claimed": -1}),
        ("queued", "pending", {"claimed": -1}),
        ("queued", "sent", {"sent": 1}),
        ("queued", "failed", {"failed": 1}),
        ("queued", "unknown", {"unknown": 1}),
        ("unknown", "sent", {"unknown": -1, "sent": 1}),
        ("unknown", "failed", {"unknown": -1, "failed": 1}),
        ("unknown", "pending", {"unknown": -1}),
        ("failed", "pending", {"failed": -1}),
        ("pending", "cancelled", {}),
    ],
)
def test_a_message_that_moves_leaves_one_status_for_another(
    was: str, now: str, day: dict[str, int]
) -> None:
    """And its device's day knows what it claimed and what became of that."""
    batch = tally(moved(was, now))

    assert changed(batch.messages[OWNER, 1]) == {was: -1, now: 1}
    assert changed(batch.days[DEVICE, DAY]) == day


@pytest.mark.parametrize(
    ("was", "now", "change"),
    [
        ("pending", "processing", 0),
        ("processing", "queued", 0),
        ("queued", "sent", -1),
        ("queued", "failed", -1),
        ("queued", "unknown", -1),
        ("pending", "cancelled", -1),
        ("failed", "pending", 1),
        ("unknown", "pending", 1),
        ("unknown", "sent", 0),
    ],
)
def test_an_enrollment_counts_what_has_not_ended(was: str, now: str, change: int) -> None:
    """Each message for its own enrollment; a campaign's message has none."""
    other = UUID(int=5)
    rows = [moved(was, now, messages=3, enrollments=[ENROLLMENT, ENROLLMENT, None, other])]

    assert changed(tally(*rows).open) == changed({ENROLLMENT: 2 * change, other: change})


def test_reasons_are_counted_where_a_status_has_one() -> None:
    """They leave with the message that had them; one without a reason is counted as such."""
    batch = tally(
        moved("queued", "failed", now_reason="131026", messages=3),
        moved("failed", "pending", was_reason="131026"),
        moved("queued", "unknown", now_reason="no answer"),
        moved("unknown", "sent", was_reason="no answer"),
        moved("pending", "cancelled"),
    )

    assert batch.reasons == {
        (OWNER, 1, "failed", "131026"): 2,
        (OWNER, 1, "unknown", "no answer"): 0,
        (OWNER, 1, "cancelled", ""): 1,
    }


def test_marks_are_counted_beside_the_status() -> None:
    batch = tally(moved("queued", "sent", messages=2))
    batch.marked("delivered", [(OWNER, 1, AT, 2), (OTHER, 0, AT, 1)])
    batch.marked("read", [(OWNER, 1, AT, 1)])

    assert changed(batch.messages[OWNER, 1]) == {"queued": -2, "sent": 2, "delivered": 2, "read": 1}
    assert changed(batch.messages[OTHER, 0]) == {"delivered": 1}


# What is written


def test_batches_add_up(container: Container) -> None:
    """Whatever is there already, and whatever owners, steps and days they touch."""
    tomorrow = date(2026, 3, 3)
    write(
        container,
        tally(moved(None, "pending", day=None, messages=5)),
        tally(
            moved("pending", "processing", messages=3),
            moved("pending", "processing", day=tomorrow),
            moved(None, "pending", day=None, owner_id=OTHER, step=0),
        ),
        tally(
            moved("processing", "queued", messages=3),
            moved("queued", "failed", now_reason="131026"),
            moved("queued", "failed", now_reason="470"),
        ),
        tally(moved("queued", "failed", now_reason="131026")),
    )

    counts = {(row.owner_id, row.step): row for row in then.table(container, "message_counts")}
    assert counts.keys() == {(OWNER, 1), (OTHER, 0)}
    own = counts[OWNER, 1]
    assert (own.pending, own.processing, own.queued, own.failed) == (1, 1, 0, 3)
    assert counts[OTHER, 0].pending == 1
    assert [tuple(row) for row in then.table(container, "reason_counts", "reason")] == [
        (OWNER, 1, "failed", "131026", 2),
        (OWNER, 1, "failed", "470", 1),
    ]
    assert [
        (row.day, row.claimed, row.failed) for row in then.table(container, "device_days", "day")
    ] == [(DAY, 3, 3), (tomorrow, 1, 0)]


def test_what_adds_nothing_is_written_too(container: Container) -> None:
    """Or a rebuild, which reads the same events in other batches, would have other rows."""
    write(
        container,
        tally(
            moved("queued", "unknown", now_reason="no answer"),
            moved("unknown", "queued", was_reason="no answer"),
        ),
    )

    (count,) = then.table(container, "message_counts")
    assert changed(count._asdict()) == {"owner_id": OWNER, "step": 1}
    assert [tuple(row) for row in then.table(container, "reason_counts")] == [
        (OWNER, 1, "unknown", "no answer", 0)
    ]
    (day,) = then.table(container, "device_days")
    assert tuple(day) == (DEVICE, DAY, 0, 0, 0, 0)


def test_the_progress_of_an_enrollment_that_has_ended_stays_gone(container: Container) -> None:
    """A late answer to one of its messages does not bring it back."""
    given.device(container)
    given.journey(container, "One", "Two")
    (enrollment,) = [row.enrollment_id for row in then.table(container, "enrollments")]
    ended = moved("queued", "sent", enrollments=[enrollment])

    write(container, tally(ended), tally(moved("queued", "sent")))
    (progress,) = then.table(container, "enrollment_progress")
    assert tuple(progress) == (enrollment, 1)

    write(container, tally(ended))
    container.outreach.stop_enrollment(enrollment, actor="api:sales")
    assert then.table(container, "enrollment_progress") == []
    write(container, tally(moved("failed", "pending", enrollments=[enrollment])))
    assert then.table(container, "enrollment_progress") == []
