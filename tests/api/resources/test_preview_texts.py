"""/campaigns/{id}/preview: what the text would say to real people, and what is wrong with it."""

from __future__ import annotations

from uuid import UUID

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import when as runners
from tests.support.api import given, when
from tests.support.api.client import Client


def test_a_preview_shows_what_the_first_people_would_get(operator: Client) -> None:
    """As it is rendered for them now."""
    device = given.device(operator)
    leads = {}
    for number in range(1, 8):
        lead = given.lead(operator, number, name=f"Lead {number}")
        leads[lead] = f"Lead {number}"
    picture = "https://example.com/a.png"
    campaign_id = given.campaign(operator, body="Hi {Name}, \\{ok\\}", media_url=picture)

    samples = operator.get(f"/campaigns/{campaign_id}/preview").json["samples"]

    assert samples == [
        {
            "lead_id": lead,
            "name": leads[lead],
            "device_id": device,
            "text": f"Hi {leads[lead]}, {{ok}}",
            "media_url": picture,
            "template": None,
        }
        for lead in sorted(leads)[:5]
    ]


def test_a_preview_names_what_nobody_has_and_what_would_be_empty(operator: Client) -> None:
    """A placeholder with a typing error shows before it is sent, also where it has a fallback."""
    given.device(operator)
    given.lead(operator, 1, name="Anna", attributes={"City": "Ipoh"})
    given.lead(operator, 2, attributes={"nmae": " "})
    given.lead(operator, 3)
    campaign_id = given.campaign(operator, target_status="prospect", body="{city}{nmae|} {phne}")

    preview = operator.get(f"/campaigns/{campaign_id}/preview").json

    assert preview["audience"] == 3
    assert preview["warnings"] == [
        {
            "code": "missing_attribute",
            "field": "body",
            "message": "nobody in the audience has a value for {nmae}",
            "count": None,
        },
        {
            "code": "missing_attribute",
            "field": "body",
            "message": "nobody in the audience has a value for {phne}",
            "count": None,
        },
        {
            "code": "empty_text",
            "field": "body",
            "message": "2 leads: the text would be empty",
            "count": 2,
        },
    ]


def test_a_preview_counts_texts_that_a_gateway_does_not_take(operator: Client) -> None:
    """Wablas takes 1,024 characters; the other phone takes the same text."""
    wablas = given.device(operator, "Wablas", gateway="wablas")
    given.device(operator, "Sandbox")
    for number in (1, 2):
        given.lead(operator, number, name="x" * 25, device_id=wablas)
    given.lead(operator, 3, name="x", device_id=wablas)
    sandbox = operator.items("/devices")
    other = next(device["id"] for device in sandbox if device["name"] == "Sandbox")
    given.lead(operator, 4, name="x" * 400, device_id=other)
    campaign_id = given.campaign(operator, target_status="prospect", body="y" * 1000 + "{name}")

    (warning,) = operator.get(f"/campaigns/{campaign_id}/preview").json["warnings"]

    assert (warning["code"], warning["count"], warning["message"]) == (
        "text_too_long",
        2,
        "2 leads: the text would be longer than their gateway takes (1,024 or 4,096 characters)",
    )


def test_a_preview_warns_of_free_text_outside_the_window(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """The Cloud API takes free text for 24 hours after a person wrote; a template always."""
    given.device(operator, "Cloud", gateway="cloud")
    wrote, old, _ = (given.lead(operator, number, name="A") for number in (1, 2, 3))
    clock.advance(seconds=-25 * 3600)
    runners.replies(container, UUID(old), "Hello", "old")
    clock.advance(seconds=25 * 3600)
    runners.replies(container, UUID(wrote), "Hello", "new")
    template = {"name": "offer", "language": "en", "variables": ["{name}"]}
    free = given.campaign(operator, target_status="prospect", scheduled_at=clock().isoformat())
    bound = given.campaign(
        operator, target_status="prospect", scheduled_at=clock().isoformat(), template=template
    )

    (warning,) = operator.get(f"/campaigns/{free}/preview").json["warnings"]
    preview = operator.get(f"/campaigns/{bound}/preview").json

    assert (warning["code"], warning["count"]) == ("outside_window", 2)
    assert warning["message"].startswith("2 leads: they wrote nothing within 24 hours")
    assert preview["warnings"] == []
    assert preview["samples"][0]["template"] == {
        **template,
        "variables": ["A"],
        "header": None,
        "buttons": {},
    }


def test_a_preview_leaves_out_who_lacks_a_value_of_the_template(
    container: Container, operator: Client
) -> None:
    """As the campaigner then does; other gateways send the text, which needs no value."""
    cloud = given.device(operator, "Cloud", gateway="cloud")
    sandbox = given.device(operator, "Sandbox")
    given.lead(operator, 1, name="Anna", device_id=cloud)
    nameless = given.lead(operator, 2, device_id=cloud)
    given.lead(operator, 3, device_id=sandbox)
    template = {
        "name": "offer",
        "language": "en",
        "header": {"kind": "text", "variables": ["{name}"]},
    }
    campaign_id = given.campaign(operator, target_status="prospect", template=template)

    preview = operator.get(f"/campaigns/{campaign_id}/preview").json
    when.triggers(container)

    report = operator.get(f"/reports/campaigns/{campaign_id}").json
    left_out = {"template_variable_missing": 1}
    assert (preview["audience"], preview["excluded"]) == (2, left_out)
    assert (report["audience"], report["excluded"]) == (2, left_out)
    assert [(w["code"], w["count"]) for w in preview["warnings"]] == [
        ("template_variable_missing", 1)
    ]
    assert (
        operator.json("GET", f"/audit/why-not?lead_id={nameless}&campaign_id={campaign_id}").json[
            "reason"
        ]
        == "template_variable_missing"
    )


def test_a_preview_looks_at_no_more_people_than_it_may(
    operator: Client, container: Container
) -> None:
    """Before the start and after it; then it says so, shows the text, and foresees no end."""
    given.device(operator)
    for number in range(1, 5):
        given.lead(operator, number)
    path = f"/campaigns/{given.campaign(operator)}/preview"

    for started in (False, True):
        if started:
            when.triggers(container)
        exact = operator.get(path).json
        assert operator.get(path, most=4).json == exact
        assert (exact["whole"], exact["audience"], len(exact["samples"])) == (True, 4, 4)
        part = operator.get(path, most=3).json
        assert (part["whole"], part["finishes_at"], part["devices"]) == (False, None, [])
        assert part["samples"]
