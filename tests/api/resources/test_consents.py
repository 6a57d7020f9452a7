"""Consents over HTTP: the ledger of a person, what requires one, and what proves it."""

from __future__ import annotations

from typing import Any

import pytest

from projections.container import Container
from projections.database.engine import rows
from projections.readmodels import consents
from projections.rebuild.rebuild import rebuild
from runners.support.clocks import SimulatedClock
from tests.support import when as runners
from tests.support.api import given, when
from tests.support.api.client import Client, fields
from tests.support.statements import noted
from tests.support.when import Phones

FORM = {
    "purpose": "marketing",
    "source": "form at the counter",
    "words": "I agree to offers by WhatsApp",
    "given_at": "2026-02-01T09:00:00+08:00",
}
SHOWN = {**FORM, "given_at": "2026-02-01T01:00:00+00:00"}


def agrees(client: Client, lead_id: str, **more: Any) -> Any:
    return client.create(f"/leads/{lead_id}/consents", {**FORM, **more})


def withdraws(client: Client, lead_id: str, purpose: str = "marketing") -> Any:
    path = f"/leads/{lead_id}/consents/{purpose}"
    return client.json("DELETE", path, json={"evidence": "rang us"})


def same_again(container: Container) -> bool:
    return set(rebuild(container.database).values()) == {None}


def test_what_a_person_agreed_to_is_kept_withdrawn_and_shown_as_of_any_instant(
    container: Container, clock: SimulatedClock, operator: Client, viewer: Client
) -> None:
    """On the lead what is in force, in the ledger all of it, and each instant has its own."""
    lead_id = given.lead(operator)
    before = clock()
    clock.advance(hours=1)

    first = agrees(operator, lead_id)
    agreed_at = clock()
    again = agrees(operator, lead_id)

    assert again == first
    assert {name: first[name] for name in FORM} == SHOWN
    assert (first["in_force"], first["recorded_by"], first["version"]) == (True, "api:crm", 2)
    assert viewer.get(f"/leads/{lead_id}").json["consents"] == [SHOWN]

    clock.advance(hours=1)
    ended = withdraws(operator, lead_id).json

    assert (ended["id"], ended["in_force"], ended["withdrawal"]) == (first["id"], False, "rang us")
    assert viewer.get(f"/leads/{lead_id}").json["consents"] == []
    assert viewer.items(f"/leads/{lead_id}/consents") == [ended]
    late = agrees(operator, lead_id, given_at="2026-02-02T09:00Z")
    assert (late["in_force"], late["withdrawal"]) == (False, "rang us")
    told = {
        at: viewer.get(f"/audit/leads/{lead_id}", as_of=at.isoformat()).json["state"]["consents"]
        for at in (before, agreed_at, clock())
    }
    assert [*told.values()] == [[], [SHOWN], []]
    exported = operator.get(f"/leads/{lead_id}/export").json["consents"]
    assert [each["words"] for each in exported] == [FORM["words"]] * 2
    assert same_again(container)


def test_nobody_records_half_a_consent_or_withdraws_what_is_not_given(operator: Client) -> None:
    """The field is named, or how it stands."""
    lead_id = given.lead(operator)
    path = f"/leads/{lead_id}/consents"

    assert fields(operator.post(path, {"purpose": "Offers!"})) == ["purpose", "source", "words"]
    assert fields(operator.post(path, {**FORM, "given_at": "2027-01-01T00:00Z"})) == ["given_at"]
    refused = withdraws(operator, lead_id)
    assert (refused.status, refused.json["errors"]["state"]) == (409, "not given")


def test_erasing_the_person_erases_the_words(container: Container, administrator: Client) -> None:
    """That there was a consent, for what and when, stays; a rebuild makes the same."""
    lead_id = given.lead(administrator)
    agrees(administrator, lead_id)
    agrees(administrator, lead_id, purpose="service-news")
    assert withdraws(administrator, lead_id, "service-news").status == 200

    assert administrator.json("DELETE", f"/leads/{lead_id}").status == 200

    found = administrator.items(f"/leads/{lead_id}/consents")
    assert [(each["source"], each["words"]) for each in found] == [("", "")] * 2
    assert [each["withdrawal"] for each in found] == [None, ""]
    assert found[0]["given_at"] == SHOWN["given_at"]
    assert same_again(container)


def test_a_campaign_reaches_only_who_agreed_and_proves_it(
    container: Container, clock: SimulatedClock, operator: Client, viewer: Client
) -> None:
    """Preview, audience, why-not and the dispatch go by one rule; the proof names the evidence."""
    given.device(operator)
    yes, no, changed = (given.lead(operator, number) for number in (1, 2, 3))
    agrees(operator, yes)
    agrees(operator, changed)
    agrees(operator, no, purpose="service-news")
    at = "2026-03-02T08:00Z"
    campaign_id = given.campaign(operator, requires_consent="marketing", scheduled_at=at)
    path = f"/campaigns/{campaign_id}"
    assert viewer.get(path).json["requires_consent"] == "marketing"
    assert viewer.get(f"{path}/preview").json["excluded"] == {"no_consent": 1}

    when.triggers(container)
    withdraws(operator, changed)
    phones = Phones(clock)
    runners.looks(runners.broadcaster(container, phones))

    assert viewer.get(path).json["excluded"] == {"no_consent": 1}
    left_out = viewer.items(f"{path}/recipients", excluded="no_consent")
    assert [each["lead_id"] for each in left_out] == [no]
    why = viewer.get("/audit/why-not", lead_id=no, campaign_id=campaign_id).json
    assert (why["reason"], why["wanted"], why["had"], why["saw"]) == (
        "no_consent",
        ["marketing"],
        ["service-news"],
        None,
    )
    assert len(phones.sent) == 1
    messages = {each["lead_id"]: each for each in viewer.items("/messages")}
    assert (messages[changed]["status"], messages[changed]["reason"]) == ("cancelled", "no_consent")
    withdraws(operator, yes)
    consent = viewer.get(f"/audit/messages/{messages[yes]['id']}").json["consent"]
    event = viewer.items("/audit/events", topic="lead.consent_given", originator_id=yes)[0]
    assert consent == {
        **SHOWN,
        "required": True,
        "event": event["notification_id"],
        "withdrawn_at": clock().isoformat(),
    }
    cancelled = viewer.get(f"/audit/messages/{messages[changed]['id']}").json["consent"]
    assert (cancelled["required"], cancelled["given_at"]) == (True, None)
    assert same_again(container)


def test_who_withdraws_meanwhile_comes_after_the_dispatch(
    container: Container, operator: Client
) -> None:
    """What the send check has seen stays so until its transaction ends."""
    lead_id = given.lead(operator)
    agrees(operator, lead_id)
    free = "SELECT version FROM lead_consents FOR UPDATE SKIP LOCKED"
    wanted = {(lead_id, "marketing"), (lead_id, "service-news")}

    with container.database.transaction() as dispatching:
        assert consents.held(dispatching, wanted) == {(lead_id, "marketing")}
        with container.database.transaction() as another:
            assert rows(another, free) == []
    with container.database.transaction() as another:
        assert [row.version for row in rows(another, free)] == [2]


def test_a_sequence_enrolls_only_who_agreed_and_stops_writing_to_who_agrees_no_more(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """Whether the enroller or a person enrolls; and why-not says what is missing."""
    given.device(operator)
    yes, no = (given.lead(operator, number, triggers=["COLD"]) for number in (1, 2))
    agrees(operator, yes)
    sequence_id = given.sequence(operator, requires_consent="marketing", first_delay_minutes=0)

    when.enrolls(container)
    asked = {"lead_id": no, "sequence_id": sequence_id}
    refused = operator.post("/enrollments", asked)

    assert [each["lead_id"] for each in operator.items("/enrollments")] == [yes]
    assert (refused.status, refused.json["errors"]["state"]) == (409, "no_consent")
    assert operator.get("/audit/why-not", **asked).json["reason"] == "no_consent"
    withdraws(operator, yes)
    phones = Phones(clock)
    clock.advance(minutes=1)
    runners.looks(runners.broadcaster(container, phones))
    assert phones.sent == []
    reasons = [each["reason"] for each in operator.items("/messages", status="cancelled")]
    assert reasons == ["no_consent"]
    assert same_again(container)


def test_what_requires_no_consent_says_what_there_was(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """The latest in force when it was handed over, or nothing; no sending asks for any."""
    given.device(operator)
    yes, no = (given.lead(operator, number) for number in (1, 2))
    agrees(operator, yes)
    given.campaign(operator, scheduled_at="2026-03-02T08:00Z")
    with noted(container.database) as statements:
        when.triggers(container)
        runners.looks(runners.broadcaster(container, Phones(clock)))
    assert not [sql for sql in statements if "lead_consents" in str(sql)]

    messages = {each["lead_id"]: each["id"] for each in operator.items("/messages")}
    proofs = [operator.get(f"/audit/messages/{messages[id_]}").json["consent"] for id_ in (yes, no)]

    assert (proofs[0]["required"], proofs[0]["words"]) == (False, FORM["words"])
    assert proofs[1] is None


def test_the_required_consent_is_approved_and_stays(container: Container, operator: Client) -> None:
    """What a campaign requires is frozen when it starts."""
    campaign_id = given.campaign(operator, requires_consent="marketing")
    assert fields(operator.patch(f"/campaigns/{campaign_id}", {"requires_consent": "A b"})) == [
        "requires_consent"
    ]
    when.triggers(container)

    refused = operator.patch(f"/campaigns/{campaign_id}", {"requires_consent": None})

    assert refused.status == 409


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({}, [1, 2, 3]),
        ({"purpose": "marketing"}, [1, 3]),
        ({"since": "2026-02-02T00:00Z"}, [2, 3]),
        ({"until": "2026-02-02T00:00Z", "purpose": "marketing"}, [1]),
    ],
)
def test_a_regulator_gets_the_list_in_pages_and_as_csv(
    operator: Client, viewer: Client, clock: SimulatedClock, asked: Any, numbers: list[int]
) -> None:
    """By purpose and by when they were given; not for who may only read."""
    leads = {number: given.lead(operator, number) for number in (1, 2, 3)}
    for number, purpose in ((1, "marketing"), (2, "service-news"), (3, "marketing")):
        clock.advance(minutes=1)
        agrees(operator, leads[number], purpose=purpose, given_at=f"2026-02-0{number}T00:00:00Z")

    first = operator.get("/consents", limit=1, **asked).json
    rest = operator.items("/consents", cursor=first["next_cursor"], **asked) if numbers[1:] else []
    csv = operator.open("GET", "/consents", query_string=asked, headers={"Accept": "text/csv"})

    found = [each["lead_id"] for each in (*first["items"], *rest)]
    assert found == [leads[number] for number in numbers]
    assert len(csv.text.splitlines()) == 1 + len(numbers)
    assert viewer.get("/consents").status == 403


def test_a_file_brings_consents_once(container: Container, operator: Client) -> None:
    """For who is new, and with an update for who is known; half a consent rejects the row."""
    known = given.lead(operator, 1)
    header = "phone,consent_purpose,consent_source,consent_words,consent_at\n"
    row = ",marketing,form,I agree,"
    file = header + "".join(
        [
            f"{given.phone(1)}{row}2026-02-01\n",
            f"{given.phone(2)}{row}2026-02-01T09:00:00+08:00\n",
            f"{given.phone(3)},,,,\n",
            f"{given.phone(4)},marketing,,I agree,\n",
            f"{given.phone(5)}{row}2027-01-01\n",
        ]
    )

    first = operator.csv(file).json
    assert (first["registered"], first["known"]) == (2, 1)
    assert [each["field"] for each in first["rejected"]] == ["consent_source", "consent_at"]
    assert operator.items("/consents")[0]["given_at"] == SHOWN["given_at"]
    assert operator.items(f"/leads/{known}/consents") == []

    answers = [
        operator.json("POST", "/leads/import?update=true", data=file, content_type="text/csv").json
        for _ in range(2)
    ]

    assert [(each["updated"], each["unchanged"]) for each in answers] == [(1, 2), (0, 3)]
    (own,) = operator.items(f"/leads/{known}/consents")
    assert (own["given_at"], own["words"]) == ("2026-02-01T00:00:00+00:00", "I agree")
    assert len(operator.items("/consents")) == 2
    assert same_again(container)
