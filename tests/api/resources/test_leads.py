"""/leads: people, their triggers and their wishes."""

from __future__ import annotations

from typing import Any

import msgspec

from projections.container import Container
from tests.support.api import given, then
from tests.support.api.client import Client, fields
from tests.support.api.given import NOBODY


def test_a_lead_is_registered_with_all_that_is_said_of_it(operator: Client) -> None:
    """A CRM tells everything it knows of a person."""
    device_id = given.device(operator)

    status, lead = operator.post(
        "/leads",
        {
            "phone": "+60 12-345 6789",
            "name": " Aisyah ",
            "niche": ["B1", "b1", "Skin care"],
            "target_status": "customer",
            "triggers": ["COLD", "vip"],
            "device_id": device_id,
            "timezone": "Asia/Kuala_Lumpur",
            "attributes": {"city": "Johor Bahru", "order_number": "17"},
        },
    )

    assert status == 201
    assert lead == {
        "id": lead["id"],
        "phone": "+60123456789",
        "name": "Aisyah",
        "niche": ["B1", "Skin care"],
        "target_status": "customer",
        "triggers": ["COLD", "vip"],
        "device_id": device_id,
        "timezone": "Asia/Kuala_Lumpur",
        "attributes": {"city": "Johor Bahru", "order_number": "17"},
        "opted_out": False,
        "opted_out_at": None,
        "opt_out": None,
        "unreachable": False,
        "unreachable_at": None,
        "unreachable_code": None,
        "merged_into": None,
        "addresses": [
            {
                "kind": "phone",
                "scope": "",
                "value": "+60123456789",
                "learned_at": "2026-03-02T08:00:00+00:00",
            }
        ],
        "same_person_as": [],
        "consents": [],
        "replied_at": None,
        "registered_at": "2026-03-02T08:00:00+00:00",
        "erased_at": None,
        "version": 1,
    }
    assert operator.get(f"/leads/{lead['id']}") == (200, lead)


def test_a_phone_is_enough(operator: Client) -> None:
    """All that is known of somebody is a number."""
    lead = operator.create("/leads", {"phone": "+60123456789"})

    assert lead == {
        "id": lead["id"],
        "phone": "+60123456789",
        "name": "",
        "niche": [],
        "target_status": "prospect",
        "triggers": [],
        "device_id": None,
        "timezone": None,
        "attributes": {},
        "opted_out": False,
        "opted_out_at": None,
        "opt_out": None,
        "unreachable": False,
        "unreachable_at": None,
        "unreachable_code": None,
        "merged_into": None,
        "addresses": [
            {
                "kind": "phone",
                "scope": "",
                "value": "+60123456789",
                "learned_at": "2026-03-02T08:00:00+00:00",
            }
        ],
        "same_person_as": [],
        "consents": [],
        "replied_at": None,
        "registered_at": "2026-03-02T08:00:00+00:00",
        "erased_at": None,
        "version": 1,
    }


def test_a_known_phone_answers_with_the_lead_that_has_it(
    container: Container, operator: Client
) -> None:
    """The same person, however the number is written, is one lead."""
    container.settings = msgspec.structs.replace(container.settings, default_region="MY")
    lead = operator.create("/leads", {"phone": "012-345 6789", "name": "Aisyah"})

    answers = [operator.post("/leads", {"phone": p}) for p in ("+60123456789", "60 12 345 6789")]

    known = {
        "code": 409,
        "status": "Conflict",
        "message": f"this lead exists already: {lead['id']}",
        "errors": {"id": lead["id"]},
    }
    assert answers == [(409, known), (409, known)]
    assert operator.items("/leads") == [lead]


def test_a_phone_without_a_country_is_refused_where_none_is_set(operator: Client) -> None:
    """Sendtrail never guesses a country: it says how to give one."""
    status, error = operator.post("/leads", {"phone": "012-345 6789"})

    assert status == 422
    assert error["message"] == (
        "phone: expected a country code such as +60 (or set SENDTRAIL_DEFAULT_REGION)"
    )


PHONE = "+60123456789"
BAD: list[tuple[Any, str]] = [
    ({}, "phone"),
    ({"phone": None}, "phone"),
    ({"phone": 60123456789}, "phone"),
    ({"phone": ""}, "phone"),
    ({"phone": "call me"}, "phone"),
    ({"phone": "+6012"}, "phone"),
    ({"phone": "+999123456789"}, "phone"),
    ({"phone": "+6" * 100}, "phone"),
    ({"phone": "+60123456789\0"}, "phone"),
    ({"phone": PHONE, "email": "a@example.org"}, "email"),
    ({"phone": PHONE, "name": 7}, "name"),
    ({"phone": PHONE, "name": None}, "name"),
    ({"phone": PHONE, "name": "Ai\0syah"}, "name"),
    ({"phone": PHONE, "name": "\ud83d"}, "name"),
    ({"phone": PHONE, "name": "A" * 501}, "name"),
    ({"phone": PHONE, "niche": "B1"}, "niche"),
    ({"phone": PHONE, "niche": ["B1;B2"]}, "niche"),
    ({"phone": PHONE, "niche": [" "]}, "niche"),
    ({"phone": PHONE, "niche": ["B" * 101]}, "niche"),
    ({"phone": PHONE, "niche": [1]}, "niche"),
    ({"phone": PHONE, "niche": ["B\0"]}, "niche"),
    ({"phone": PHONE, "target_status": "all"}, "target_status"),
    ({"phone": PHONE, "target_status": None}, "target_status"),
    ({"phone": PHONE, "triggers": "COLD"}, "triggers"),
    ({"phone": PHONE, "triggers": ["COLD,WARM"]}, "triggers"),
    ({"phone": PHONE, "triggers": ["COLD\nWARM"]}, "triggers"),
    ({"phone": PHONE, "triggers": [""]}, "triggers"),
    ({"phone": PHONE, "device_id": "Sales 1"}, "device_id"),
    ({"phone": PHONE, "device_id": str(NOBODY)}, "device_id"),
    ({"phone": PHONE, "timezone": "Mars/Olympus"}, "timezone"),
    ({"phone": PHONE, "timezone": "../../etc/passwd"}, "timezone"),
    ({"phone": PHONE, "timezone": 8}, "timezone"),
    ({"phone": PHONE, "attributes": ["city"]}, "attributes"),
    ({"phone": PHONE, "attributes": {"first name": "Aisyah"}}, "attributes"),
    ({"phone": PHONE, "attributes": {"age": 31}}, "attributes"),
    ({"phone": PHONE, "attributes": {"city": "J\0B"}}, "attributes"),
    ({"phone": PHONE, "attributes": {"city": "J" * 10_001}}, "attributes"),
]


def test_a_bad_lead_is_refused_and_the_field_is_named(
    container: Container, operator: Client
) -> None:
    """Nothing half-right lands, and the caller is told where to look."""
    answers = [operator.post("/leads", body) for body, _ in BAD]

    assert [fields(answer) for answer in answers] == [[field] for _, field in BAD]
    assert then.topics(container) == []


def test_a_refusal_never_repeats_what_was_given(operator: Client) -> None:
    """An error text may end up in a log or a ticket: no personal data in it."""
    answers = [
        operator.post("/leads", {"phone": "+60123456789123456"}),
        operator.post("/leads", {"phone": PHONE, "timezone": "Aisyah"}),
        operator.post("/leads", {"phone": PHONE, "target_status": "Aisyah"}),
        operator.post("/leads", {"phone": PHONE, "attributes": {"city": 60123456789}}),
    ]

    assert [status for status, _ in answers] == [422, 422, 422, 422]
    assert "60123456789" not in str(answers)
    assert "Aisyah" not in str(answers)


def test_leads_are_found_by_phone(operator: Client) -> None:
    """Support has a number on the line and wants to know who it is."""
    given.lead(operator, 1)
    second = given.lead(operator, 2)

    assert [lead["id"] for lead in operator.items("/leads", phone="+60 12-000 0002")] == [second]
    assert operator.items("/leads", phone=given.phone(3)) == []
    assert fields(operator.get("/leads", phone="call me")) == ["phone"]


def test_a_change_keeps_what_is_not_given(operator: Client) -> None:
    """Correcting a name does not lose anything else."""
    lead_id = given.lead(
        operator,
        1,
        name="Aisha",
        niche=["B1"],
        target_status="customer",
        triggers=["COLD"],
        timezone="Asia/Kuala_Lumpur",
        attributes={"city": "Johor Bahru"},
    )
    before = operator.get(f"/leads/{lead_id}").json

    named = operator.patch(f"/leads/{lead_id}", {"name": "Aisyah"})
    moved = operator.patch(f"/leads/{lead_id}", {"timezone": None, "attributes": {}})
    nothing = operator.patch(f"/leads/{lead_id}", {})

    assert named == (200, {**before, "name": "Aisyah", "version": 2, "moved": 0})
    assert moved == (200, {**named.json, "timezone": None, "attributes": {}, "version": 3})
    assert nothing == moved


BAD_CHANGES: list[tuple[Any, str]] = [
    ({"phone": "+6012345"}, "phone"),
    ({"triggers": ["WARM"]}, "triggers"),
    ({"name": None}, "name"),
    ({"niche": ["B1|B2"]}, "niche"),
    ({"target_status": "vip"}, "target_status"),
    ({"device_id": str(NOBODY)}, "device_id"),
    ({"timezone": "MYT+8:00"}, "timezone"),
    ({"attributes": {"city": None}}, "attributes"),
]


def test_a_bad_change_is_refused_and_changes_nothing(operator: Client) -> None:
    """Not even the good fields beside the bad one."""
    lead_id = given.lead(operator, name="Aisyah")
    before = operator.get(f"/leads/{lead_id}")

    answers = [
        operator.patch(f"/leads/{lead_id}", {"name": "Siti", **body}) for body, _ in BAD_CHANGES
    ]

    assert [fields(answer) for answer in answers] == [[field] for _, field in BAD_CHANGES]
    assert operator.get(f"/leads/{lead_id}") == before


def test_nobody_is_not_found(operator: Client) -> None:
    """An id that no lead has, or that is no id at all."""
    answers = [
        operator.get(f"/leads/{NOBODY}"),
        operator.patch(f"/leads/{NOBODY}", {"name": "Aisyah"}),
        operator.post(f"/leads/{NOBODY}/triggers", {"trigger": "COLD"}),
        operator.post(f"/leads/{NOBODY}/opt-out"),
        operator.post(f"/leads/{NOBODY}/opt-in"),
    ]

    nobody = {"code": 404, "status": "Not Found", "message": f"no lead {NOBODY}"}
    assert answers == [(404, nobody)] * 5
    assert operator.get("/leads/1").status == 404
