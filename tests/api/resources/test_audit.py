"""/audit: why this person, why not that one, and how things stood."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from projections.container import Container
from runners.gateways.protocol import Accepted, Rejected, Throttled, Unknown
from runners.support.clocks import SimulatedClock
from tests.support import when as runners
from tests.support.api import given, then, when
from tests.support.api.client import Client
from tests.support.when import Phones


def sends(container: Container, clock: SimulatedClock, *answers: Any) -> None:
    runners.looks(runners.broadcaster(container, Phones(clock, *answers)))


def test_a_campaigns_message_tells_its_whole_story(
    container: Container, clock: SimulatedClock, operator: Client, viewer: Client
) -> None:
    """Criteria, lead version, plan, claim, deferral, hand-overs with proven texts, receipts."""
    given.device(operator)
    lead = given.lead(operator, name="Aisyah", niche=["B1"])
    campaign = given.campaign(operator, niche=["B1"], body="Hi {name}")
    when.triggers(container)
    sends(container, clock, Throttled(60))
    operator.patch(f"/campaigns/{campaign}", {"body": "Dear {name}"})
    clock.advance(minutes=5)
    sends(container, clock, Accepted("wamid.1"))
    (message,) = operator.items("/messages")
    runners.receipt(container, UUID(message["id"]), "read")

    status, trail = viewer.get(f"/audit/messages/{message['id']}")

    assert status == 200
    cause = {k: v for k, v in trail["cause"].items() if v is not None}
    assert cause == {
        "lead_version": 1,
        "campaign_id": campaign,
        "name": "March offer",
        "niche": ["B1"],
        "target_status": "all",
    }
    assert (trail["lead_id"], trail["recipient_phone"]) == (lead, "+60120000001")
    assert (trail["device_name"], trail["status"]) == ("Sales 1", "sent")
    assert [(e["topic"], e["actor"]) for e in trail["entries"]] == [
        ("lead.registered", "api:crm"),
        ("campaign.scheduled", "api:crm"),
        ("campaign.triggered", "runner:campaigner:test"),
        ("message.scheduled", "runner:campaigner:test"),
        ("campaign.audience_extended", "runner:campaigner:test"),
        ("campaign.audience_completed", "runner:campaigner:test"),
        ("message.claimed", "runner:broadcaster:test"),
        ("message.queued", "runner:broadcaster:test"),
        ("message.deferred", "runner:broadcaster:test"),
        ("campaign.revised", "api:crm"),
        ("message.claimed", "runner:broadcaster:test"),
        ("message.queued", "runner:broadcaster:test"),
        ("message.sent", "runner:broadcaster:test"),
        ("message.delivered", "webhook:gowa"),
        ("message.read", "webhook:gowa"),
    ]
    assert [(h["text"], h["proven"]) for h in trail["hand_overs"]] == [
        ("Hi Aisyah", True),
        ("Dear Aisyah", True),
    ]


def test_a_steps_message_names_trigger_sequence_version_and_step(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    given.device(operator)
    given.lead(operator, triggers=["COLD"])
    sequence = given.sequence(operator, "One", "Two")
    runners.enrolls(container)
    message = operator.items("/messages")[0]
    message = next(m for m in operator.items("/messages") if m["step"] == 2)

    cause = operator.get(f"/audit/messages/{message['id']}").json["cause"]

    assert {k: v for k, v in cause.items() if v not in (None, [])} == {
        "lead_version": 1,
        "sequence_id": sequence,
        "enrollment_id": message["enrollment_id"],
        "name": "On COLD",
        "trigger": "COLD",
        "entry": 1,
        "sequence_version": 2,
        "step": 2,
    }


OF_TODAY = ("addresses", "same_person_as")


@pytest.mark.parametrize("seed", range(5))
def test_as_of_is_what_was_seen_then(
    container: Container, clock: SimulatedClock, operator: Client, seed: int
) -> None:
    """Along a random history the lead and its messages are looked at, and later asked for."""
    chance = random.Random(seed)
    given.device(operator)
    lead = given.lead(operator, name="Aisyah", triggers=["COLD"])
    given.sequence(operator, "One", "Two", "Three", first_delay_minutes=0, stop_on_reply=False)
    number = iter(range(1000))
    acts = (
        lambda: operator.patch(f"/leads/{lead}", {"name": f"Name {next(number)}"}),
        lambda: operator.patch(f"/leads/{lead}", {"attributes": {"city": f"C{next(number)}"}}),
        lambda: operator.post(f"/leads/{lead}/opt-out"),
        lambda: operator.post(f"/leads/{lead}/opt-in"),
        lambda: operator.post(f"/leads/{lead}/triggers", {"trigger": f"T{next(number)}"}),
        lambda: runners.enrolls(container),
        lambda: given.campaign(operator, name=f"Campaign {next(number)}"),
        lambda: when.triggers(container),
        lambda: sends(container, clock, Accepted("a"), Rejected("131026", "no"), Unknown("?")),
        lambda: runners.reaps(container),
    )
    seen = []
    for _ in range(30):
        chance.choice(acts)()
        messages = {
            m["id"]: (m["status"], m["version"]) for m in operator.items("/messages", lead_id=lead)
        }
        state = operator.get(f"/leads/{lead}").json
        # By what she is found, and who else that may be, are of today.
        seen.append((clock(), {k: state[k] for k in state if k not in OF_TODAY}, messages))
        clock.advance(minutes=chance.randint(1, 300))

    for instant, state, messages in seen:
        status, then_ = operator.get(f"/audit/leads/{lead}", as_of=instant.isoformat())
        assert (status, then_["state"]) == (200, state)
        assert {m["id"]: (m["status"], m["version"]) for m in then_["messages"]} == messages
    early = (seen[0][0] - timedelta(seconds=1)).isoformat()
    assert operator.get(f"/audit/leads/{lead}", as_of=early).json["state"] is None


def test_why_not_says_which_criterion_was_not_met_then(
    container: Container, clock: SimulatedClock, operator: Client, administrator: Client
) -> None:
    """All of them are changed afterwards so that they would match now: that is no answer."""
    device = given.device(operator)
    leads = {
        "sent": given.lead(operator, 1, niche=["B1"], target_status="customer", device_id=device),
        "niche": given.lead(operator, 2, niche=["B12"], target_status="customer"),
        "target_status": given.lead(operator, 3, niche=["B1"]),
        "opted_out": given.lead(operator, 4, niche=["B1"], target_status="customer"),
        "erased": given.lead(operator, 6, niche=["B1"], target_status="customer"),
    }
    operator.post(f"/leads/{leads['opted_out']}/opt-out")
    administrator.json("DELETE", f"/leads/{leads['erased']}")
    campaign = given.campaign(operator, niche=["B1"], target_status="customer")
    later = given.campaign(operator, name="Later", scheduled_at="2026-03-09T08:00Z")

    def why_not(lead: str, which: str = campaign) -> Any:
        status, answer = operator.get("/audit/why-not", lead_id=lead, campaign_id=which)
        assert status == 200, answer
        return answer

    assert why_not(leads["sent"])["reason"] == "not_triggered"
    when.triggers(container)
    sends(container, clock)
    clock.advance(hours=1)
    leads["not_registered"] = given.lead(operator, 7, niche=["B1"], target_status="customer")
    operator.post(f"/leads/{leads['opted_out']}/opt-in")
    operator.patch(f"/leads/{leads['niche']}", {"niche": ["B1"]})
    operator.patch(f"/leads/{leads['target_status']}", {"target_status": "customer"})

    answers = {expected: why_not(lead) for expected, lead in leads.items()}

    assert {expected: answer["reason"] for expected, answer in answers.items()} == {
        expected: expected for expected in leads
    }
    assert (answers["niche"]["wanted"], answers["niche"]["had"]) == (["B1"], ["B12"])
    assert answers["niche"]["decided_at"] == "2026-03-02T08:00:00+00:00"
    assert answers["target_status"]["had"] == ["prospect"]
    assert why_not(leads["sent"], later)["reason"] == "not_triggered"


def test_why_not_says_that_no_device_could_write_then(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """Its own was retired, and the only other is not the campaign's; later there are more."""
    gone, other = given.device(operator, "Gone"), given.device(operator, "Other", online=False)
    lead = given.lead(operator, 1, device_id=gone)
    nobodys = given.lead(operator, 2)
    only = {"device_ids": [gone]}
    campaign = given.campaign(operator, **only)
    operator.post(f"/devices/{gone}/retire")
    when.triggers(container)
    clock.advance(hours=1)
    operator.post(f"/devices/{other}/connect")
    operator.patch(f"/leads/{lead}", {"device_id": other})

    answers = [
        operator.get("/audit/why-not", lead_id=each, campaign_id=campaign).json["reason"]
        for each in (lead, nobodys)
    ]

    assert answers == ["device_retired", "no_device"]


def test_why_not_says_what_became_of_a_message(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    given.device(operator)
    lead = given.lead(operator)
    campaign = given.campaign(operator)
    when.triggers(container)
    sends(container, clock, Rejected("131026", "not on WhatsApp"))

    answer = operator.get("/audit/why-not", lead_id=lead, campaign_id=campaign).json

    assert (answer["reason"], answer["story"]) == ("131026", "the message is failed: 131026")
    assert answer["message_ids"] == [operator.items("/messages")[0]["id"]]


def test_why_not_of_a_sequence(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """Never enrolled: what stands against it now; enrolled: what stopped it."""
    given.device(operator)
    cold = given.lead(operator, 1, triggers=["COLD"])
    other = given.lead(operator, 2, triggers=["COLDVITAC"])
    sequence = given.sequence(operator)
    draft = given.sequence(operator, trigger="COLDVITAC", active=False)
    runners.enrolls(container)
    operator.post(f"/leads/{cold}/opt-out")

    def why_not(lead: str, which: str) -> tuple[str, list[str], list[str]]:
        answer = operator.get("/audit/why-not", lead_id=lead, sequence_id=which).json
        return answer["reason"], answer["wanted"], answer["had"]

    assert why_not(cold, sequence) == ("opted_out", [], [])
    assert why_not(other, sequence) == ("trigger", ["COLD"], ["COLDVITAC"])
    assert why_not(other, draft) == ("not_active", [], [])


def test_the_raw_log_is_filtered_and_paged(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """In order, each event once; personal data stays encrypted."""
    for number in range(1, 6):
        given.lead(operator, number, name="Aisyah")
        clock.advance(minutes=1)
    given.device(operator)

    def ids(**query: Any) -> list[int]:
        found: list[int] = []
        while True:
            page = operator.get("/audit/events", limit=2, **query).json
            found += [event["notification_id"] for event in page["items"]]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    everything = ids()
    assert everything == sorted(set(everything))
    assert len(everything) == len(then.log(container)) == 7
    registered = ids(topic="lead.registered")
    assert registered == everything[:5]
    assert ids(after=registered[2]) == everything[3:]
    assert ids(since="2026-03-02T08:01Z", until="2026-03-02T16:02 Asia/Kuala_Lumpur") == [
        registered[1],
        registered[2],
    ]
    assert ids(actor="nobody") == []
    event = operator.get("/audit/events", limit=1).json["items"][0]
    assert ids(originator_id=event["originator_id"]) == [event["notification_id"]]
    assert event["data"].keys() == {"profile", "sealed", "triggers"}
    assert event["data"]["profile"].keys() == {"niche", "target_status", "device_id", "timezone"}


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        (f"/audit/messages/{given.NOBODY}", {}, 404),
        (f"/audit/leads/{given.NOBODY}", {}, 404),
        ("/audit/why-not", {"lead_id": given.NOBODY, "campaign_id": given.NOBODY}, 404),
        ("/audit/why-not", {"lead_id": given.NOBODY}, 422),
        ("/audit/events", {"cursor": "x"}, 422),
        ("/audit/events", {"since": "yesterday"}, 422),
        ("/audit/events", {"topic": "foo"}, 422),
        (f"/audit/leads/{given.NOBODY}", {"as_of": "2026-03-02T08:00"}, 422),
    ],
)
def test_bad_questions_are_refused(
    operator: Client, path: str, query: dict[str, Any], status: int
) -> None:
    assert operator.get(path, **query).status == status
