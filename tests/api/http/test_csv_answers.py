"""Every list can be had as CSV, with nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api import create_app
from projections.container import Container
from projections.intake.files.exported import COLUMNS, LATER
from runners.support.clocks import SimulatedClock
from tests.support import when as told
from tests.support.api import given, when
from tests.support.api.client import BASE, Client
from tests.support.api.given import api_key
from tests.support.operations import quarantined

CSV = {"Accept": "text/csv"}
# Every path that answers a list; with an id where it needs one, which is made below.
LISTS = {
    "/leads": "leads",
    "/consents": "consents",
    "/replies": "replies",
    "/suppressions": "suppressions",
    "/sequences": "sequences",
    "/enrollments": "enrollments",
    "/campaigns": "campaigns",
    "/devices": "devices",
    "/messages": "messages",
    "/reports/devices": "devices",
    "/audit/events": "events",
    "/quarantine": "quarantine",
    "/subscriptions": "subscriptions",
    "/keys": "keys",
}
# Tests of their own have them.
ELSEWHERE = {
    "/devices/{device_id}/templates", "/campaigns/{campaign_id}/recipients", "/reports/series",
    "/leads/{lead_id}/consents", "/segments", "/segments/{segment_id}/leads", "/reports/attention",
}  # fmt: skip
EVIL = '=HYPERLINK("http://evil.example";1)'


def table(response: TestResponse) -> list[dict[str, str]]:
    """The rows by the names of the header."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    text = response.get_data().decode("utf-8")
    return [*csv.DictReader(io.StringIO(text, newline=""), strict=True)]


def world(container: Container, clock: SimulatedClock, client: Client) -> None:
    """At least one of everything, with a formula wherever people may write."""
    device_id = given.device(client, EVIL)
    lead_id = given.lead(
        client, 1, name=EVIL, niche=["B1", "-B2"], triggers=[EVIL.replace(";", "")],
        attributes={"city": "=1"},
    )  # fmt: skip
    client.create(f"/leads/{lead_id}/consents", {"purpose": "a", "source": EVIL, "words": EVIL})
    given.sequence(client, EVIL, trigger=EVIL.replace(";", ""), name=EVIL)
    given.campaign(client, name=EVIL, body=EVIL)
    client.create("/suppressions", {"value": "+60129999999", "evidence": EVIL})
    client.create("/subscriptions", {"url": "https://crm.example/?=", "events": ["message.sent"]})
    when.triggers(container)
    when.enrolls(container)
    when.broadcasts(container, clock)
    told.replies(container, UUID(lead_id), EVIL, "3EB0R1")
    quarantined(container, "device", device_id, reason=EVIL)


def test_it_is_known_which_paths_answer_a_list() -> None:
    """And each of them is described as CSV, too."""
    description = create_app().test_client().get("/openapi.json").get_json()
    schemas = description["components"]["schemas"]
    lists, as_csv = set(), set()
    for path, item in description["paths"].items():
        content = item.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        name = content.get("application/json", {}).get("schema", {}).get("$ref", "")
        if "items" in schemas.get(name.rpartition("/")[2], {}).get("properties", {}):
            lists.add(path.removeprefix(BASE))
        if content.get("text/csv", {}).get("schema") == {"type": "string"}:
            as_csv.add(path.removeprefix(BASE))

    assert lists == as_csv == {*LISTS, *ELSEWHERE}


def test_every_list_is_a_table_of_what_json_says(
    container: Container, clock: SimulatedClock, administrator: Client
) -> None:
    """The same items in the same order, a column for each field, and no formula in any cell."""
    world(container, clock, administrator)

    for path, name in LISTS.items():
        items = administrator.items(path)
        response = administrator.open("GET", path, headers=CSV)
        rows = table(response)

        assert response.headers["Content-Disposition"] == f'attachment; filename="{name}.csv"'
        assert len(rows) == len(items) > 0, path
        for row, item in zip(rows, items, strict=True):
            assert {column.partition(".")[0] for column in row} == item.keys(), path
            if "id" in item:
                assert next(iter(row)) == "id"
                assert row["id"] == item["id"]
            assert [cell for cell in row.values() if cell[:1] in ("=", "+", "-", "@")] == []


def test_a_cell_says_what_the_value_is(operator: Client) -> None:
    """Texts as they are, lists of words with | between, objects in columns of their own where their
    fields are known, and all else as JSON; nothing where there is nothing."""
    lead_id = given.lead(
        operator, 1, name="=Siti, binti", niche=["B1", "B2"], attributes={"city": "Kuala Lumpur"}
    )
    operator.post(f"/leads/{lead_id}/opt-out", {"evidence": "wrote:\nSTOP"})

    (row,) = table(operator.open("GET", "/leads", headers=CSV))

    addresses = json.loads(row.pop("addresses"))
    assert [(a["kind"], a["value"]) for a in addresses] == [("phone", "+60120000001")]
    assert row == {
        "id": lead_id,
        "phone": "'+60120000001",
        "name": "'=Siti, binti",
        "niche": "B1|B2",
        "target_status": "prospect",
        "device_id": "",
        "timezone": "",
        "attributes": '{"city":"Kuala Lumpur"}',
        "triggers": "",
        "opted_out": "true",
        "opted_out_at": "2026-03-02T08:00:00+00:00",
        "opt_out.evidence": "wrote:\nSTOP",
        "opt_out.via": "operator",
        "opt_out.at": "2026-03-02T08:00:00+00:00",
        "unreachable": "false",
        "unreachable_at": "",
        "unreachable_code": "",
        "same_person_as": "",
        "consents": "",
        "merged_into": "",
        "replied_at": "",
        "registered_at": "2026-03-02T08:00:00+00:00",
        "erased_at": "",
        "version": "2",
    }


def test_pages_and_filters_hold(operator: Client) -> None:
    """The headers lead on to the next page, without naming a host."""
    for number in range(1, 6):
        given.lead(operator, number, name=f"Lead {number}")
    operator.post(f"/leads/{operator.items('/leads')[0]['id']}/opt-out", {})
    found: list[str] = []
    path: str | None = "/leads?opted_out=false&limit=3"
    pages = 0
    while path is not None:
        response = operator.open("GET", path, headers={**CSV, "Host": "evil.example"})
        found += [row["id"] for row in table(response)]
        pages += 1
        link, cursor = response.headers.get("Link"), response.headers.get("X-Next-Cursor")
        path = None
        if link is not None:
            assert link == (f'</api/v1/leads?opted_out=false&limit=3&cursor={cursor}>; rel="next"')
            path = link[1 : link.index(">")].removeprefix(BASE)

    assert pages == 2
    assert found == [item["id"] for item in operator.items("/leads", opted_out=False)]


def test_an_empty_list_has_a_header(operator: Client) -> None:
    response = operator.open("GET", "/replies", headers=CSV)

    assert response.text == (
        "id,lead_id,device_id,gateway,from.kind,from.value,text,kind,automatic,may_be,message_id,"
        "sent_at,received_at,name\r\n"
    )


JSON, TABLE = "application/json", "text/csv"


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("text/csv", TABLE),
        ("text/*", TABLE),
        ("TEXT/CSV; charset=utf-8", TABLE),
        ("text/csv, application/json", JSON),
        ("text/csv, application/json;q=0.9", TABLE),
        ("text/csv;q=0.5, application/json", JSON),
        ("text/csv, */*;q=0.1", TABLE),
        ("text/csv;q=0, */*", JSON),
        ("application/xml", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("nonsense;;q=x", JSON),
    ],
)
def test_who_does_not_ask_for_csv_gets_json(
    operator: Client, accept: str | None, answered: str
) -> None:
    headers = {} if accept is None else {"Accept": accept}

    response = operator.open("GET", "/leads", headers=headers)

    assert (response.status_code, response.mimetype) == (200, answered)
    assert "Accept" in response.headers["Vary"]


def test_errors_and_single_things_are_json(app: Flask, container: Container) -> None:
    client = Client(app, api_key(container, "crm", "viewer"))

    for path, status in {"/leads?limit=0": 422, "/reports/overview": 200}.items():
        response = client.open("GET", path, headers=CSV)
        assert (response.status_code, response.mimetype) == (status, JSON)


def test_a_viewer_sees_no_more_than_in_json(viewer: Client, operator: Client) -> None:
    operator.create("/suppressions", {"value": "+60129999999"})

    (row,) = table(viewer.open("GET", "/suppressions", headers=CSV))

    assert row["value"] == viewer.items("/suppressions")[0]["value"]
    assert "9999999" not in row["value"]


HARD = {
    "a": "=1", "b": "'=1", "c": "''+1", "d": " leading", "e": "two\nlines\tand\r\nmore",
    "City": "Größe; x|y, \"z\"", "f": "\uff1d1", "g": "\u202eabc", "_h": " ",
}  # fmt: skip
NAMES = ["=Siti", "'=Siti", "''", "'Abdullah", "-", "@x", "\uff0bx", 'O\'Brien; Sons|Co, "Ltd"']


@pytest.mark.parametrize("update", [False, True])
def test_a_list_of_leads_imported_again_changes_nothing(operator: Client, *, update: bool) -> None:
    """Whatever names begin with. What only the list knows becomes no attribute."""
    device_id = given.device(operator)
    ids = [
        given.lead(operator, number, name=name, attributes=HARD if number == 1 else {},
                   device_id=device_id if number == 2 else None, niche=["B1", "-B2"],
                   triggers=["=COLD", "Hot"], timezone="Asia/Kuala_Lumpur")
        for number, name in enumerate(NAMES, start=1)
    ]  # fmt: skip
    operator.post(f"/leads/{ids[3]}/opt-out", {"evidence": "=wrote STOP"})
    # She has two numbers: one lead goes on for both, and the other is there no more. She wants
    # messages again.
    operator.create("/leads", {"phone": "+60135550001", "name": "Her old name"})
    old = operator.items("/leads", phone="+60135550001")[0]["id"]
    assert operator.post(f"/leads/{old}/opt-out", {"evidence": "STOP"}).status == 200
    assert operator.post(f"/leads/{ids[4]}/merge", {"with": old}).status == 200
    assert operator.post(f"/leads/{ids[4]}/opt-in", {"evidence": "START"}).status == 200
    before = operator.items("/leads")
    text = operator.open("GET", "/leads", headers=CSV).get_data()

    status, answer = operator.json(
        "POST",
        "/leads/import",
        data=text,
        content_type="text/csv",
        query_string={"update": str(update).lower()},
    )

    assert status == 200, answer
    same = "unchanged" if update else "known"
    assert (answer[same], answer["registered"], answer["updated"]) == (len(NAMES), 0, 0), answer
    assert [(r["field"], r["reason"]) for r in answer["rejected"]] == [
        ("merged_into", "merged_into: expected nothing: this person has a row as another lead")
    ]
    assert operator.items("/leads") == before


def test_a_list_of_leads_is_registered_elsewhere_as_it_was(operator: Client) -> None:
    """Phones with their plus, names with what they begin with, attributes one by one."""
    given.lead(operator, 1, name="'=Siti", attributes=HARD, niche=["B1", "-B2"], triggers=["=COLD"])
    text = operator.open("GET", "/leads", headers=CSV).get_data().decode()
    moved = text.replace("+60120000001", "+60120000009")

    status, answer = operator.csv(moved)

    assert (status, answer["registered"]) == (200, 1), answer
    made = operator.items("/leads", phone="+60120000009")[0]
    assert made["name"] == "'=Siti"
    assert made["attributes"] == HARD
    assert made["niche"] == ["B1", "-B2"]
    assert made["triggers"] == ["=COLD"]


def test_the_import_knows_every_column_of_the_list(operator: Client) -> None:
    """A new column of leads is decided about, or it would become an attribute."""
    header = operator.open("GET", "/leads", headers=CSV).text.splitlines()[0].split(",")

    assert set(header) == {*COLUMNS, *LATER}
