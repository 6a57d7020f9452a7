"""POST /leads with renewed_consent: who was erased begins anew, as another lead."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.addresses import Address
from domain.inbound import Reply
from projections.container import Container
from projections.rebuild.rebuild import rebuild
from tests.support import then as on_the_house
from tests.support import when as runners
from tests.support.api import then, when
from tests.support.api.client import Client, fields

PHONE, OTHER = "+60120000001", "+60120000002"
BRAZIL, SPELT = "+5582999440002", "+558299440002"
LID = Address("lid", "251556360000035@lid")
SAYS = "she rang on 3 March, and wants the offers again"
CONSENT = {"renewed_consent": {"evidence": SAYS}}


def given_erased(client: Client, phone: str = PHONE, **more: Any) -> str:
    """The id of somebody who was erased."""
    lead = str(client.create("/leads", {"phone": phone, "name": "Aisyah", **more})["id"])
    assert client.json("DELETE", f"/leads/{lead}").status == 200
    return lead


def identical(container: Container) -> bool:
    """Whether a rebuild comes to the same."""
    return not any(rebuild(container.database).values())


def test_without_consent_the_answer_says_erased(administrator: Client) -> None:
    """It names no lead, and says what is wanted."""
    given_erased(administrator)

    status, refused = administrator.post("/leads", {"phone": PHONE, "name": "Aisyah"})

    assert (status, refused["errors"]) == (409, {"state": "erased"})
    assert refused["message"] == (
        "the person with this phone was erased: registering anew needs renewed_consent,"
        " with its evidence"
    )


@pytest.mark.parametrize("given", [{"evidence": SAYS}, SAYS], ids=["object", "words"])
def test_with_consent_she_is_another_lead(
    container: Container, administrator: Client, given: Any
) -> None:
    """Nothing of the old life is in the new one, and the evidence can be read."""
    old = given_erased(administrator, triggers=["COLD"])

    new = administrator.create("/leads", {"phone": PHONE, "renewed_consent": given})

    assert new["id"] != old
    assert (new["phone"], new["name"], new["triggers"]) == (PHONE, "", [])
    assert (new["opted_out"], new["erased_at"]) == (False, None)
    assert administrator.get(f"/leads/{old}").json["phone"] is None
    (entry,) = administrator.get(f"/audit/leads/{new['id']}").json["entries"]
    assert entry["words"] == SAYS
    assert SAYS not in then.everything(container)
    assert old not in str([event for event in then.log(container) if event.data.get("phone")])
    assert identical(container)


def test_whoever_asks_by_the_phone_finds_the_new_life(
    container: Container, administrator: Client
) -> None:
    old = given_erased(administrator, BRAZIL)
    new = administrator.create("/leads", {"phone": SPELT, **CONSENT})["id"]

    known = administrator.post("/leads", {"phone": BRAZIL, **CONSENT})
    imported = administrator.csv(f"phone,name\n{BRAZIL},Beatriz\n").json
    updated = administrator.json(
        "POST",
        "/leads/import",
        query_string={"update": "true"},
        data=f"phone,name\n{BRAZIL},Beatriz\n",
        content_type="text/csv",
    ).json
    found = administrator.items("/leads", phone=BRAZIL)
    runners.told(container, Reply((Address("wa_id", SPELT[1:]),), "STOP", "in.1"))

    assert (known.status, known.json["errors"]) == (409, {"id": new})
    assert (imported["known"], imported["rejected"]) == (1, [])
    assert (updated["updated"], updated["rejected"]) == (1, [])
    assert [lead["id"] for lead in found] == [new]
    lead = administrator.get(f"/leads/{new}").json
    assert (lead["name"], lead["opt_out"]["evidence"]) == ("Beatriz", "STOP")
    assert container.outreach.find_lead(BRAZIL) == UUID(new) != UUID(old)
    assert identical(container)


def test_lives_end_and_begin_as_often_as_she_likes(
    container: Container, administrator: Client
) -> None:
    lives = [given_erased(administrator)]
    for _ in range(3):
        assert administrator.post("/leads", {"phone": PHONE}).status == 409
        lives.append(administrator.create("/leads", {"phone": PHONE, **CONSENT})["id"])
        assert administrator.json("DELETE", f"/leads/{lives[-1]}").status == 200

    assert len(set(lives)) == 4
    rejected = administrator.csv(f"phone\n{PHONE}\n").json["rejected"]
    assert rejected == [
        {"line": 2, "field": "phone", "reason": "phone: expected a person who was not erased"}
    ]
    assert PHONE[1:] not in then.everything(container)
    assert identical(container)


def test_of_many_at_once_one_begins_the_life(administrator: Client) -> None:
    given_erased(administrator)
    ask = lambda: administrator.post("/leads", {"phone": PHONE, **CONSENT})  # noqa: E731

    answers = when.at_once(*[ask] * 4)

    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    (made,) = [answer.json["id"] for answer in answers if answer.status == 201]
    known = [answer.json["errors"] for answer in answers if answer.status == 409]
    assert known == [{"id": made}] * 3


def test_nobody_gets_the_phone_by_a_correction(administrator: Client) -> None:
    given_erased(administrator)
    lead = administrator.create("/leads", {"phone": OTHER})["id"]

    refused = administrator.patch(f"/leads/{lead}", {"phone": PHONE})

    assert (refused.status, refused.json["errors"]) == (409, {"state": "erased"})
    assert administrator.get(f"/leads/{lead}").json["phone"] == OTHER


def test_a_former_phone_has_a_life_of_its_own(container: Container, administrator: Client) -> None:
    """She moved, was erased, and is back with her first number; somebody else with the second."""
    lead = administrator.create("/leads", {"phone": PHONE})["id"]
    administrator.patch(f"/leads/{lead}", {"phone": OTHER})
    administrator.json("DELETE", f"/leads/{lead}")

    first = administrator.create("/leads", {"phone": PHONE, **CONSENT})["id"]
    second = administrator.create("/leads", {"phone": OTHER, **CONSENT})["id"]
    assert len({lead, first, second}) == 3

    administrator.json("DELETE", f"/leads/{first}")
    assert administrator.post("/leads", {"phone": PHONE}).json["errors"] == {"state": "erased"}
    assert administrator.post("/leads", {"phone": OTHER}).json["errors"] == {"id": second}
    assert identical(container)


def test_her_no_of_before_ends_with_the_consent(
    container: Container, administrator: Client
) -> None:
    """A no that comes after it counts, whatever she is called by then."""
    runners.told(container, Reply((Address("wa_id", PHONE[1:]),), "STOP", "in.1"))
    lead = administrator.create("/leads", {"phone": PHONE})
    assert lead["opt_out"]["evidence"] == "STOP"
    runners.told(container, Reply((Address("wa_id", PHONE[1:]), LID), "hello", "in.2"))
    administrator.json("DELETE", f"/leads/{lead['id']}")
    assert administrator.items("/suppressions") == []
    assert [
        said for said in (PHONE[1:], "STOP", LID.value) if said in then.everything(container)
    ] == []

    runners.told(container, Reply((LID,), "who is this?", "in.3"))
    new = administrator.create("/leads", {"phone": PHONE, **CONSENT})
    assert new["opted_out"] is False
    runners.told(container, Reply((LID,), "STOP", "in.4"))
    assert administrator.items("/replies", attributed="false") == []
    runners.told(container, Reply((Address("wa_id", PHONE[1:]), LID), "hello again", "in.5"))

    assert administrator.get(f"/leads/{new['id']}").json["opt_out"]["evidence"] == "STOP"
    assert identical(container)


def test_consent_ends_a_suppression_of_somebody_new(
    container: Container, administrator: Client
) -> None:
    """Who never was a lead may have said no as well."""
    administrator.create("/suppressions", {"value": PHONE, "evidence": "a letter"})

    new = administrator.create("/leads", {"phone": PHONE, **CONSENT})

    assert new["opted_out"] is False
    assert administrator.items("/suppressions") == []
    (released,) = on_the_house.events(container, "suppression.address_released")
    assert released.evidence == SAYS


@pytest.mark.parametrize("given", [{}, "", {"evidence": ""}, True, {"proof": "x"}, "x" * 10_001])
def test_consent_needs_evidence(administrator: Client, given: Any) -> None:
    given_erased(administrator)

    refused = administrator.post("/leads", {"phone": PHONE, "renewed_consent": given})

    assert fields(refused) == ["renewed_consent"]
    assert 'Expected {"evidence": ' in str(refused.json)
