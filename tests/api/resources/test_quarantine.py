"""/quarantine: what was put aside is listed, and released by a person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from projections.container import Container
from tests.support import then
from tests.support.api.client import Client, fields
from tests.support.api.given import NOBODY
from tests.support.operations import quarantined

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))


def everything(client: Client, **query: Any) -> list[Any]:
    """All items, page by page."""
    items: list[Any] = []
    while True:
        status, page = client.get("/quarantine", **query)
        assert status == 200
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        query["cursor"] = page["next_cursor"]


def test_what_was_put_aside_is_listed_with_its_reason(container: Container, viewer: Client) -> None:
    """Whoever may read may know."""
    empty = viewer.get("/quarantine")
    quarantined(container, "message", ONE, lost=True, reason="the database went back")
    quarantined(container, "event", TWO, event=42)

    status, page = viewer.get("/quarantine")

    assert empty == (200, {"items": [], "next_cursor": None})
    common = {"runner": "enroller", "since": "2026-03-02T08:00:00+00:00"}
    assert (status, page["next_cursor"]) == (200, None)
    assert page["items"] == [
        {
            "kind": "event",
            "id": str(TWO),
            "notification_id": 42,
            "reason": "a field is missing",
            "waits_to_be_recorded": False,
            **common,
        },
        {
            "kind": "message",
            "id": str(ONE),
            "notification_id": None,
            "reason": "the database went back",
            "waits_to_be_recorded": True,
            **common,
        },
    ]


def test_pages_have_everything_once(container: Container, viewer: Client) -> None:
    """In the order of kind, id and event; also of one kind alone."""
    for number in range(1, 4):
        quarantined(container, "event", ONE, event=number)
        quarantined(container, "lead", UUID(int=number))
        quarantined(container, "message", UUID(int=number))

    def keys(**query: Any) -> list[Any]:
        found = everything(viewer, **query)
        return [(item["kind"], UUID(item["id"]).int, item["notification_id"]) for item in found]

    events = [("event", 1, number) for number in (1, 2, 3)]
    leads = [("lead", number, None) for number in (1, 2, 3)]
    messages = [("message", number, None) for number in (1, 2, 3)]
    assert keys(limit=2) == [*events, *leads, *messages]
    assert keys() == [*events, *leads, *messages]
    for limit in (1, 2, 3, 4):
        assert keys(limit=limit, kind="event") == events
        assert keys(limit=limit, kind="lead") == leads
        assert keys(limit=limit, kind="message") == messages
    assert keys(kind="device") == []
    full = [viewer.get("/quarantine", limit=9), viewer.get("/quarantine", limit=3, kind="lead")]
    assert [page.json["next_cursor"] for page in full] == [None, None]


def test_a_page_that_cannot_be_is_refused(container: Container, viewer: Client) -> None:
    """Also one of another kind than was asked for."""
    for number in (1, 2):
        quarantined(container, "lead", UUID(int=number))
    cursor = viewer.get("/quarantine", limit=1).json["next_cursor"]

    answers = [
        viewer.get("/quarantine", limit=0),
        viewer.get("/quarantine", kind="leads"),
        viewer.get("/quarantine", cursor="2"),
        viewer.get("/quarantine", cursor=f"{cursor}\n"),
        viewer.get("/quarantine", cursor=cursor, kind="message"),
    ]

    assert [answer.status for answer in answers] == [422] * 5
    assert [fields(answer) for answer in answers] == [["limit"], ["kind"], *[["cursor"]] * 3]


def test_what_is_released_is_gone(container: Container, operator: Client) -> None:
    """All that has the id, or one event of it; nothing else."""
    for number in (7, 8, 9):
        quarantined(container, "event", ONE, event=number)
    quarantined(container, "lead", TWO)
    path = f"/quarantine/{ONE}/release"

    one_event = operator.post(path, {"notification_id": 8})
    gone = operator.post(path, {"notification_id": 8})
    the_rest = operator.post(path)
    again = operator.post(path, {})

    assert one_event == (200, {"released": 1})
    assert the_rest == (200, {"released": 2})
    assert [(answer.status, answer.json["message"]) for answer in (gone, again)] == [
        (404, "no entry in quarantine of event 8"),
        (404, f"no entry in quarantine {ONE}"),
    ]
    assert [row.id for row in then.table(container, "quarantine")] == [TWO]


def test_a_lost_dispatch_is_not_released(container: Container, operator: Client) -> None:
    """It would be sent again; it is recorded by itself."""
    quarantined(container, "message", ONE, lost=True)

    status, body = operator.post(f"/quarantine/{ONE}/release")

    assert status == 409
    assert body["message"] == (
        "cannot release this message: it is handed over already, and recorded by itself as soon as"
        " it can be"
    )
    assert then.count(container.database, "quarantine") == 1


def test_who_only_reads_releases_nothing(container: Container, viewer: Client) -> None:
    quarantined(container, "lead", ONE)

    assert viewer.post(f"/quarantine/{ONE}/release").status == 403
    assert viewer.post(f"/quarantine/{NOBODY}/release").status == 403
    assert then.count(container.database, "quarantine") == 1
