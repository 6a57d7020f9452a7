"""One webhook with very much in it is recorded in parts, and no transaction grows with it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.inbound import Reply
from projections.container import Container
from projections.intake import receiver
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.heard import LID, digits, keeps, outcomes, proves_itself, puts, says


@pytest.fixture
def sizes(container: Container) -> list[int]:
    """How many early receipts there are after each transaction of the receiver; the last one finds
    that nothing is left."""
    seen: list[int] = []

    def note(point: str) -> None:
        if point == "receive.after_commit":
            seen.append(len(then.table(container, "early_receipts")))

    container.database.fault_point = note
    return seen


def accepts(container: Container, device: UUID, body: bytes) -> None:
    with container.database.transaction() as connection:
        now = container.outreach.clock()
        keeps(connection, uuid4(), "gowa", device, body, now)


def ack(ids: list[str]) -> bytes:
    payload = {"ids": ids, "chat_id": "x", "receipt_type": "delivered"}
    return json.dumps({"event": "message.ack", "payload": payload}).encode()


def test_forty_thousand_receipts_in_one_webhook(container: Container, sizes: list[int]) -> None:
    """None is lost, and each transaction has as many as any other."""
    device = given.device(container, gateway="gowa")
    ids = [f"3EB0{number:06d}" for number in range(40_000)]
    accepts(container, device, ack(ids))
    assert len(ack(ids)) < 1 << 20

    when.receives(container)

    assert sizes == [*range(2000, 40_001, 2000), 40_000]
    assert outcomes(container) == {"receipt_of_no_message": 40_000}
    assert then.table(container, "inbound") == []


def test_what_comes_behind_it_waits_and_keeps_its_order(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "MOST_ITEMS", 3)
    device = given.device(container, gateway="gowa")
    lead = given.lead(container)
    texts = [f"{number}" for number in range(11)]
    accepts(container, device, ack([]))  # nothing is in it
    puts(container, *(says(1, text) for text in texts[:8]), device=device)
    accepts(container, device, ack([]))
    for text in texts[8:]:
        puts(container, says(1, text), device=device)

    when.receives(container)

    assert [reply.text for reply in then.events(container, "lead.replied", lead)] == texts
    proves_itself(container)


def test_webhooks_are_taken_by_their_size_too(container: Container, sizes: list[int]) -> None:
    """Six of a megabyte are two transactions; one alone is always taken."""
    device = given.device(container, gateway="gowa")
    for _ in range(6):
        accepts(container, device, json.dumps({"event": "?", "x": "x" * (1 << 20)}).encode())

    when.receives(container)

    assert len(sizes) == 2 + 1
    assert outcomes(container) == {"ignored_not_understood": 6}


def test_a_part_that_cannot_be_recorded_is_put_aside_alone(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "MOST_ITEMS", 2)
    device = given.device(container, gateway="gowa")
    lead = given.lead(container)
    given.lead(container, 2)
    puts(container, *(says(1, f"{number}") for number in range(4)), device=device)

    def broken(payload: Any, at: Any) -> Any:
        raise ValueError

    monkeypatch.setattr(receiver, "PARSERS", {"gowa": broken})
    accepts(container, device, ack(["3EB0"]))
    puts(container, says(2, "Hi"), device=device)

    when.receives(container)

    assert len(then.events(container, "lead.replied", lead)) == 4
    assert len(then.events(container, "lead.replied")) == 5
    assert len(then.table(container, "quarantine")) == 1


def test_a_person_has_a_bounded_number_of_names(
    container: Container, clock: SimulatedClock
) -> None:
    """Whoever may speak of her could else make her ever slower to hear."""
    device = given.device(container, gateway="gowa")
    given.lead(container)
    names = [given.changed(LID, value=f"{10**14 + number}@lid") for number in range(120)]
    for number, name in enumerate(names):
        reply = Reply((digits(1), name), f"{number}", f"in.{number}", at=clock())
        puts(container, reply, device=device)
    when.receives(container)

    # Two are the phone, and how WhatsApp writes it.
    assert len(then.table(container, "lead_addresses")) == 98 + 1
    assert len(then.events(container, "lead.replied")) == 120


def test_an_edited_reply_knows_its_latest_edits_only(container: Container) -> None:
    """Each edit copies them. A stranger's is the same."""
    device = given.device(container, gateway="gowa")
    given.lead(container, 1)
    for number in (1, 2):
        puts(container, says(number, "0", f"in.{number}"), device=device)
        edits = (says(number, f"{n}", f"e.{number}.{n}", edits=f"in.{number}") for n in range(120))
        puts(container, *edits, device=device)
    when.receives(container)

    for table in ("replies", "unattributed_replies"):
        (row,) = then.table(container, table)
        assert (row.text, len(row.edits)) == ("119", 100)
    puts(container, says(1, "again", "e.1.119", edits="in.1"), device=device)
    when.receives(container)
    assert then.table(container, "replies")[0].text == "119"
    proves_itself(container)
