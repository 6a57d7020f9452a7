"""Lists come in pages, and stay in order while others write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from projections.container import Container
from tests.support.api import given, when
from tests.support.api.client import Client, fields


def _leads(container: Container, client: Client, first: int) -> None:
    for number in range(first, first + 5):
        given.lead(client, number)


def _messages(container: Container, client: Client, first: int) -> None:
    """Five leads' messages of one more campaign."""
    if first == 1:
        given.device(client)
    _leads(container, client, first)
    given.campaign(client, niche=[], name=f"Campaign {first}")
    when.triggers(container)


def _enrollments(container: Container, client: Client, first: int) -> None:
    """Five leads enter one more sequence."""
    if first == 1:
        given.device(client)
    sequence_id = given.sequence(client)
    for number in range(first, first + 5):
        lead_id = given.lead(client, number)
        client.create("/enrollments", {"lead_id": lead_id, "sequence_id": sequence_id})


def _each(make: Callable[..., Any], **fields: Any) -> Callable[[Container, Client, int], None]:
    def five(container: Container, client: Client, first: int) -> None:
        for _ in range(5):
            make(client, **fields)

    return five


@pytest.mark.parametrize(
    ("path", "make"),
    [
        ("/leads", _leads),
        ("/sequences", _each(given.sequence, active=False)),
        ("/campaigns", _each(given.campaign)),
        ("/devices", _each(given.device, online=False)),
        ("/messages", _messages),
        ("/enrollments", _enrollments),
    ],
)
def test_pages_are_stable_while_others_write(
    container: Container,
    administrator: Client,
    path: str,
    make: Callable[[Container, Client, int], None],
) -> None:
    """An export in pages of two: everything there at its start comes exactly once, in order,
    whatever is added between two pages."""
    make(container, administrator, 1)
    there = {item["id"] for item in administrator.items(path)}

    seen: list[str] = []
    sizes: list[int] = []
    query: dict[str, Any] = {"limit": 2}
    first = 1
    while True:
        status, page = administrator.get(path, **query)
        assert status == 200
        seen.extend(item["id"] for item in page["items"])
        sizes.append(len(page["items"]))
        if page["next_cursor"] is None:
            break
        if len(sizes) < 3:
            first += 5
            make(container, administrator, first)
        query["cursor"] = page["next_cursor"]

    assert len(there) == 5
    assert there <= set(seen)
    assert len(seen) == len(set(seen))
    assert seen == sorted(seen)
    assert set(sizes[:-1]) == {2}


def test_the_last_page_says_so(administrator: Client) -> None:
    """A page that ends exactly at the end has no successor; an empty list is a page too."""
    empty = administrator.get("/leads")
    given.lead(administrator, 1)
    given.lead(administrator, 2)

    page = administrator.get("/leads", limit=2)

    assert empty == (200, {"items": [], "next_cursor": None})
    assert (len(page.json["items"]), page.json["next_cursor"]) == (2, None)


def test_a_page_that_cannot_be_is_refused(administrator: Client) -> None:
    """A wrong limit or cursor is named, and no list is cut short silently."""
    for path in ("/leads", "/sequences", "/enrollments", "/campaigns", "/devices", "/messages"):
        bad = [
            administrator.get(path, limit=0),
            administrator.get(path, limit=501),
            administrator.get(path, limit=-1),
            administrator.get(path, limit="many"),
            administrator.get(path, cursor="2"),
            administrator.get(path, cursor="*" * 22),
            administrator.get(path, cursor="A" * 22 + "\n"),
            administrator.get(path, cursor="\0"),
        ]
        assert [fields(answer) for answer in bad] == [["limit"]] * 4 + [["cursor"]] * 4


def test_a_filter_that_does_not_exist_is_refused(administrator: Client) -> None:
    """A misspelt filter must not answer with everything."""
    answers = [
        administrator.get("/messages", campaign="x"),
        administrator.get("/leads", phon="+60123456789"),
        administrator.get("/suppressions", status="pending"),
    ]

    assert [fields(answer) for answer in answers] == [["campaign"], ["phon"], ["status"]]
