"""Resources one by one and in pages."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.errors import InvalidInputError, NotFoundError
from projections.container import Container
from projections.queries import message_walks, pages
from projections.records import credentials
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api.given import NOBODY, SECRET_KEY


def one(container: Container, resource: str, resource_id: UUID) -> Any:
    with container.database.transaction() as connection:
        return pages.one(connection, resource, resource_id)


def page(
    container: Container, resource: str = "lead", limit: int = 100, **options: Any
) -> tuple[list[Any], str | None]:
    with container.database.transaction() as connection:
        return pages.page(connection, resource, limit=limit, **options)


def ids(rows: list[Any]) -> list[UUID]:
    return [row[0] for row in rows]


def test_a_resource_is_found_by_its_id(container: Container) -> None:
    """Of each kind the one that was asked for."""
    device = given.device(container)
    lead, _ = given.many_leads(container, 2)
    campaign, sequence = given.campaign(container), given.sequence(container)
    when.triggers(container)
    message = then.message(container, lead_id=lead).message_id

    assert one(container, "lead", lead).phone == given.phone(1)
    assert one(container, "device", device).name == "Sales 1"
    assert one(container, "campaign", campaign).campaign_id == campaign
    assert one(container, "sequence", sequence).definition["trigger"] == "COLD"
    assert one(container, "message", message).lead_id == lead


@pytest.mark.parametrize("resource", list(pages.SOURCES))
def test_what_is_not_there_is_named(container: Container, resource: str) -> None:
    with pytest.raises(NotFoundError, match=f"no {resource} {NOBODY}"):
        one(container, resource, NOBODY)


def test_a_message_has_its_recipients_phone(container: Container) -> None:
    given.due_messages(container)

    (message,), _ = page(container, "message")

    assert message.recipient_phone == given.phone(1)


def test_a_device_says_whether_it_has_credentials(container: Container) -> None:
    """And does not say which."""
    given.device(container, "None")
    device = given.device(container, "Some")
    with container.database.transaction() as connection:
        credentials.put(
            connection, device, {"password": "s3cret"}, SECRET_KEY, container.outreach.clock()
        )

    rows, _ = page(container, "device")

    assert {row.name: row.has_credentials for row in rows} == {"None": False, "Some": True}
    assert "s3cret" not in str(rows)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
def test_pages_follow_one_another_to_the_end(container: Container, limit: int) -> None:
    """Every row once, in the order of the ids, and no page is empty."""
    leads = sorted(given.many_leads(container, 5))
    seen: list[list[UUID]] = []
    cursor = None
    for _ in leads:
        rows, cursor = page(container, limit=limit, cursor=cursor)
        seen.append(ids(rows))
        if cursor is None:
            break

    assert cursor is None
    assert [lead for rows in seen for lead in rows] == leads
    assert {len(rows) for rows in seen[:-1]} <= {limit}
    assert 1 <= len(seen[-1]) <= limit


def test_a_list_without_anything_is_one_page(container: Container) -> None:
    assert page(container) == ([], None)


def test_what_comes_meanwhile_moves_nothing(container: Container) -> None:
    """The second page has what it would have had, and what is new behind the cursor."""
    leads = sorted(given.many_leads(container, 4))
    first, cursor = page(container, limit=2)

    new = given.many_leads(container, 20, first=11)
    second, _ = page(container, cursor=cursor)

    assert ids(first) == leads[:2]
    assert ids(second) == sorted([*leads[2:], *(lead for lead in new if lead > leads[1])])


def test_a_filter_holds_on_every_page(container: Container) -> None:
    """Every filter that was given; None is no condition."""
    device = given.device(container)
    given.many_leads(container, 3)
    campaign = given.campaign(container)
    given.campaign(container, name="Another")
    when.triggers(container)
    cancelled, *pending = sorted(
        message.message_id for message in then.messages(container, campaign_id=campaign)
    )
    container.outreach.cancel_message(cancelled, actor="api:sales")
    wanted = {"campaign_id": str(campaign), "status": "pending", "lead_id": None}

    first, cursor = page(container, "message", limit=1, filters=wanted)
    second, end = page(container, "message", limit=1, filters=wanted, cursor=cursor)

    assert [row.message_id for row in (*first, *second)] == pending
    assert end is None
    everything, _ = page(container, "message", filters={"device_id": str(device)})
    assert len(everything) == 6
    assert page(container, "message", filters={"device_id": str(NOBODY)}) == ([], None)


def test_a_cursor_is_the_id_before_it() -> None:
    for last in (UUID(int=0), NOBODY, UUID(int=2**128 - 1)):
        cursor = pages.encode_cursor(last)
        assert pages.decode_cursor(cursor) == last
        assert cursor.isascii()
        assert not set(cursor) & set("=+/")  # it goes into URLs as it is


@pytest.mark.parametrize(
    "cursor", ["x", "*" * 22, "A" * 21, "A" * 23, "A" * 22 + "\n", str(NOBODY)]
)
def test_a_cursor_that_is_none_is_refused(container: Container, cursor: str) -> None:
    with pytest.raises(InvalidInputError, match="cursor: expected the next_cursor"):
        page(container, cursor=cursor)


def test_messages_are_walked_by_whom_they_are_of(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where ids are no good order: each is on one page, whatever is asked for."""
    monkeypatch.setattr(message_walks, "FEW_PENDING", 0)
    monkeypatch.setattr(message_walks, "SELDOM", 1)
    given.device(container)
    given.many_leads(container, 5, triggers=["COLD"])
    first = given.campaign(container)
    when.triggers(container)
    when.looks(when.broadcaster(container, when.Phones(clock)))
    later = given.campaign(container, at=clock() + timedelta(hours=1))
    sequence = given.sequence(container)
    clock.advance(hours=1)
    when.triggers(container)
    when.enrolls(container)
    everything = then.messages(container)
    owners = {None, first, later, sequence}
    seen = set()

    for status, owner in itertools.product((None, "pending", "sent"), owners):
        expected = [
            each.message_id
            for each in everything
            if status in (None, each.status) and owner in (None, each.campaign_id, each.sequence_id)
        ]
        name = "sequence_id" if owner == sequence else "campaign_id"
        wanted = {"status": status, name: owner}
        found: list[UUID] = []
        cursor: str | None = None
        while not found or cursor:
            part, cursor = page(container, "message", 2, filters=wanted, cursor=cursor)
            found += [each.message_id for each in part]
            if not part:
                break
        assert sorted(found) == sorted(expected), wanted
        turned, cursor = [], None
        while not turned or cursor:
            part, cursor = page(
                container, "message", 2, filters=wanted, cursor=cursor, newest_first=True
            )
            turned += [each.message_id for each in part]
            if not part:
                break
        assert turned == found[::-1], wanted
        seen.add((status, owner, bool(found)))

    assert {(status, bool(owner)) for status, owner, any_ in seen if any_} == {
        (status, owned) for status in (None, "pending", "sent") for owned in (True, False)
    }
    nowhere = pages.encode_cursor(NOBODY)
    with pytest.raises(InvalidInputError, match="cursor"):
        page(container, "message", filters={"campaign_id": first}, cursor=nowhere)
