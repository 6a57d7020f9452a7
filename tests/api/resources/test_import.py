"""/leads/import: a spreadsheet of people."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest

from projections.container import Container
from projections.intake import lead_import
from projections.intake.lead_writer import Leads
from tests.support.api import given, then
from tests.support.api.client import Answer, Client, fields


def counts(answer: Answer) -> dict[str, int]:
    """What the import did, without zeros; every row was good."""
    assert (answer.status, answer.json["rejected"]) == (200, [])
    return {name: n for name, n in answer.json.items() if isinstance(n, int) and n}


def test_good_rows_land_and_bad_rows_are_reported(container: Container, operator: Client) -> None:
    """A list from marketing is never quite clean."""
    device_id = given.device(operator, "Sales 1")

    answer = operator.csv(
        "phone,name,niche,target_status,triggers,device,timezone,city\n"
        "+60123456781,Aisyah,B1;B2,customer,COLD;VIP,sales 1,Asia/Kuala_Lumpur,Johor Bahru\n"
        "call me,Siti,,,,,,\n"
        "\n"
        "+60123456782,,,,,,,\n"
        "+60123456783,Mei,,vip,,,,\n"
        "+60123456784,Raj,,,,Sales 9,,\n"
        "+60 12-345 6782,Again,,,,,,\n"
        "+60123456785,Tan\n"
        "+60123456786,Lim,,,,,Mars/Olympus,\n"
    )

    assert answer.status == 200
    assert {name: count for name, count in answer.json.items() if isinstance(count, int)} == {
        "registered": 3,
        "updated": 0,
        "unchanged": 0,
        "known": 0,
        "opted_out": 0,
        "rejected_count": 5,
    }
    assert answer.json["rejected"] == [
        {
            "line": 3,
            "field": "phone",
            "reason": "phone: expected a phone number such as +60123456789",
        },
        {
            "line": 6,
            "field": "target_status",
            "reason": "target_status: expected 'prospect' or 'customer'",
        },
        {
            "line": 7,
            "field": "device",
            "reason": "device: expected the name or id of a device in service, or nothing",
        },
        {"line": 8, "field": "phone", "reason": "phone: the same as in line 5"},
        {
            "line": 10,
            "field": "timezone",
            "reason": "timezone: expected an IANA time zone such as Asia/Kuala_Lumpur",
        },
    ]
    assert answer.json["country"] is None
    assert answer.json["columns"]["phone"] == {
        "as": "phone",
        "attribute": None,
        "reason": None,
        "number": 1,
    }
    assert answer.json["columns"]["city"] == {
        "as": "attribute",
        "attribute": "city",
        "reason": None,
        "number": 8,
    }
    (aisyah,) = operator.items("/leads", phone="+60123456781")
    assert aisyah == {
        "id": aisyah["id"],
        "phone": "+60123456781",
        "name": "Aisyah",
        "niche": ["B1", "B2"],
        "target_status": "customer",
        "triggers": ["COLD", "VIP"],
        "device_id": device_id,
        "timezone": "Asia/Kuala_Lumpur",
        "attributes": {"city": "Johor Bahru"},
        "opted_out": False,
        "opted_out_at": None,
        "opt_out": None,
        "unreachable": False,
        "unreachable_at": None,
        "unreachable_code": None,
        "addresses": [
            {
                "kind": "phone",
                "value": "+60123456781",
                "scope": "",
                "learned_at": "2026-03-02T08:00:00+00:00",
            }
        ],
        "same_person_as": [],
        "consents": [],
        "merged_into": None,
        "replied_at": None,
        "registered_at": "2026-03-02T08:00:00+00:00",
        "erased_at": None,
        "version": 1,
    }
    assert [event.actor for event in then.log(container)[-3:]] == ["api:crm"] * 3


def test_importing_twice_changes_nothing(container: Container, operator: Client) -> None:
    """Somebody presses the button again, with a name corrected meanwhile by hand."""
    text = "phone,name\n+60123456781,Aisha\n+60123456782,Siti\n"
    operator.csv(text)
    (lead,) = operator.items("/leads", phone="+60123456781")
    operator.patch(f"/leads/{lead['id']}", {"name": "Aisyah"})
    before = then.topics(container)

    answer = operator.csv(text)

    assert counts(answer) == {"known": 2}
    assert then.topics(container) == before
    assert operator.get(f"/leads/{lead['id']}").json["name"] == "Aisyah"


def test_the_installations_country_serves_phones_without_one(
    container: Container, operator: Client
) -> None:
    """A Malaysian team's spreadsheet has local numbers. One file may be of another country."""
    container.settings = msgspec.structs.replace(container.settings, default_region="MY")

    answer = operator.csv("phone\n012-345 6789\n")

    assert (counts(answer), answer.json["country"]) == ({"registered": 1}, "MY")
    assert [lead["phone"] for lead in operator.items("/leads")] == ["+60123456789"]
    options: dict[str, Any] = {"data": "phone\n0812-3456-7890\n", "content_type": "text/csv"}
    found = operator.json("POST", "/leads/import?country=ID", **options)
    assert (counts(found), found.json["country"]) == ({"registered": 1}, "ID")
    wrong = operator.json("POST", "/leads/import?country=Indonesia", **options)
    assert (wrong.status, "country: " in wrong.json["message"]) == (422, True)


def test_a_file_that_is_no_list_of_leads_is_refused_whole(
    container: Container, operator: Client
) -> None:
    """Nothing is half-written, even where the fault is on the last line."""
    good = b"phone,name\n+60123456781,Aisyah\n"

    answers = [
        operator.csv(""),
        operator.csv("name\nAisyah\n"),
        operator.csv("phone,phone\n+60123456781,+60123456782\n"),
        operator.csv("phone,unsubscribed\n+60123456781,yes\n"),
        operator.csv("phone,name\n+60123456781,Bj\u00f6rn\n".encode() + b"+60123456782,\xff\xfe\n"),
        operator.csv(good + b"+60123456782," + b"a" * 1_000_001 + b"\n"),
    ]

    assert [answer.status for answer in answers] == [422] * 6
    assert [fields(answer) for answer in answers[:4]] == [["header"]] * 3 + [["map"]]
    assert "text in UTF-8" in answers[4].json["message"]
    assert "at most 1000000 characters" in answers[5].json["message"]
    assert then.topics(container) == []


def test_a_nul_rejects_its_row_alone(operator: Client) -> None:
    """What PostgreSQL cannot store must not take the good rows with it."""
    answer = operator.csv("phone,name\n+60123456781,Ai\0syah\n+60123456782,Siti\n")

    assert answer.status == 200
    assert answer.json["registered"] == 1
    assert [rejected["line"] for rejected in answer.json["rejected"]] == [2]


def test_a_mark_of_bytes_and_windows_line_ends_do_no_harm(operator: Client) -> None:
    """Spreadsheets write UTF-8 with a byte order mark, and CRLF."""
    answer = operator.csv(b"\xef\xbb\xbfPhone,Name\r\n+60123456781,Aisyah\r\n")

    assert counts(answer) == {"registered": 1}


@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": "list-1"}])
def test_nobody_waits_for_an_import(
    container: Container, operator: Client, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    """A long list comes in: between two of its chunks others write as if it were not there."""
    write = Leads.__call__
    answered: list[int | None] = []

    def write_and_look_around(*arguments: Any) -> int:
        done = write(*arguments)
        place = len(answered)
        answered.append(None)

        def post() -> None:
            answered[place] = operator.post("/leads", {"phone": given.phone(90 + place)}).status

        thread = threading.Thread(target=post)
        thread.start()
        thread.join(3)
        threads.append(thread)
        seen.append(answered[place])
        return done

    threads: list[threading.Thread] = []
    seen: list[int | None] = []
    monkeypatch.setattr(Leads, "__call__", write_and_look_around)
    monkeypatch.setattr(lead_import, "CHUNK", 2)
    text = "phone\n" + "".join(f"{given.phone(number)}\n" for number in range(1, 5))

    answer = operator.csv(text, **headers)
    for thread in threads:
        thread.join(10)

    assert counts(answer) == {"registered": 4}
    assert seen == [201, 201]
    phones = {given.phone(number) for number in (1, 2, 3, 4, 90, 91)}
    assert {lead["phone"] for lead in operator.items("/leads")} == phones


def test_only_csv_is_imported(operator: Client) -> None:
    """JSON, or a form's fields, sent by mistake is told apart from an empty file."""
    answers = [
        operator.json("POST", "/leads/import", data="phone\n", content_type=content_type)
        for content_type in ("application/json", "application/x-www-form-urlencoded", None)
    ]

    refused = {
        "code": 415,
        "status": "Unsupported Media Type",
        "message": (
            "expected Content-Type: one of text/csv, application/csv, application/octet-stream,"
            " application/vnd.openxmlformats-officedocument.spreadsheetml.sheet,"
            " multipart/form-data"
        ),
    }
    assert answers == [(415, refused)] * 3
