"""Composing a campaign on its pages, without scripts."""

from __future__ import annotations

import json
import re
from html import unescape
from uuid import UUID

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given as somebody_gives
from tests.support.api import given, when
from tests.support.api.browsing import Browser
from tests.support.api.client import Client
from tests.support.api.composing import FORM, TEXT, composes, the_campaign


def test_from_a_text_to_a_plan_with_the_number(
    operator: Client, mei: Browser, clock: SimulatedClock
) -> None:
    """Kept as a draft with its people counted, changed, confirmed, and planned for now."""
    given.device(operator)
    for number, name in ((1, "Aisyah"), (2, "Mei Ling")):
        given.lead(operator, number, name=name, niche=["B1"])
    left_out = given.lead(operator, 3, niche=["B1"])
    operator.post(f"/leads/{left_out}/opt-out", {"evidence": "rang us"})
    given.lead(operator, 4, name="Zul", niche=["B2"])

    composes(mei, niche="B1", do="keep")

    draft = the_campaign(operator)
    assert (draft["status"], draft["niche"], draft["scheduled_at"]) == ("draft", ["B1"], None)
    for shown in ("2 people get it", "Hello Aisyah", "opted out", "The last message leaves <time"):
        assert shown in mei.page
    assert "over 1 day" not in mei.page
    assert "Zul" not in mei.page

    composes(mei, f"/campaigns/{draft['id']}/edit", niche="B1", body="Hi {name}", do="plan")
    assert "Plan it for 2 people" in mei.page
    assert "<bdi>Aisyah</bdi>" in mei.page
    mei.send(f"/campaigns/{draft['id']}/plan")

    planned = the_campaign(operator)
    assert (planned["status"], planned["body"]) == ("pending", "Hi {name}")
    assert planned["scheduled_at"] == clock.now.isoformat()
    assert "Edit it" in mei.page


def test_all_that_is_written_is_kept_and_shown_again(operator: Client, mei: Browser) -> None:
    """What the form sends is what the API has, and what the form of it has."""
    device_id = given.device(operator)
    composes(
        mei,
        at="2026-04-01T09:30",
        timezone="Asia/Kuala_Lumpur",
        window_days="1,2,3,4,5",
        window_start="09:00",
        window_end="18:00",
        device_ids=device_id,
        media_url="https://example.com/a.png",
        min_delay_seconds="5",
        max_delay_seconds="9",
        expires_after_hours="48",
        undo_seconds="90",
        ignore_cap="yes",
        brake_opt_outs="2.5",
        brake_at_least="100",
        hold_out="10",
        requires_consent="marketing",
        do="keep",
    )

    campaign = the_campaign(operator)
    expected = {
        "scheduled_at": "2026-04-01T01:30:00+00:00",
        "timezone": "Asia/Kuala_Lumpur",
        "windows": [{"weekdays": [1, 2, 3, 4, 5], "start": "09:00", "end": "18:00"}],
        "device_ids": [device_id],
        "media_url": "https://example.com/a.png",
        "min_delay_seconds": 5,
        "max_delay_seconds": 9,
        "expires_after_hours": 48,
        "undo_seconds": 90,
        "ignore_cap": True,
        "brake": {"opt_outs": 0.025, "failures": 0.2, "at_least": 100},
        "hold_out": 0.1,
        "requires_consent": "marketing",
    }
    assert {name: campaign[name] for name in expected} == expected
    for shown in ('value="2026-04-01T09:30"', 'value="2.5"', 'value="48"', 'value="18:00"'):
        assert shown in mei.page
    assert '<option value="Asia/Kuala_Lumpur" selected>' in mei.page

    composes(mei, f"/campaigns/{campaign['id']}/edit", at="", requires_consent="", do="keep")
    cleared = the_campaign(operator)
    assert (cleared["scheduled_at"], cleared["requires_consent"]) == (None, None)


def test_a_time_is_by_the_own_clock_or_by_the_readers(operator: Client, mei: Browser) -> None:
    """Each recipient's own; or the reader's zone, which a browser tells."""
    composes(mei, at="2026-04-01T09:30", timezone="recipient", do="keep")
    draft = the_campaign(operator)
    assert draft["local_time"] == "2026-04-01T09:30"

    mei.client.set_cookie("sendtrail_zone", "Europe/Berlin")
    composes(mei, f"/campaigns/{draft['id']}/edit", at="2026-04-01T09:30", do="keep")
    changed = the_campaign(operator)
    assert (changed["scheduled_at"], changed["timezone"]) == ("2026-04-01T07:30:00+00:00", None)
    assert 'value="2026-04-01T09:30"' in mei.page


def test_a_template_is_kept_whole(operator: Client, mei: Browser) -> None:
    """Its variables in their order, its header and the ends of its buttons."""
    template = {
        "name": "spring",
        "language": "en_US",
        "variables": ["{name}", "May: 3"],
        "header": {"kind": "image", "url": "https://example.com/a.png"},
        "buttons": {"0": "spring"},
    }
    draft = operator.create(
        "/campaigns", {"name": "Spring", "body": TEXT, "draft": True, "template": template}
    )
    address = f"/campaigns/{draft['id']}/edit"
    mei.open(address)
    mei.send(
        address,
        **FORM,
        name="Spring",
        body=TEXT,
        template_name=written(mei, "template_name"),
        template_language=written(mei, "template_language"),
        template_variables=area(mei, "template_variables"),
        header_kind="image",
        header_url=written(mei, "header_url"),
        buttons=area(mei, "buttons"),
    )

    assert the_campaign(operator)["template"] == draft["template"]


def written(browser: Browser, name: str) -> str:
    found = re.search(rf'name="{name}" type="[a-z]+" value="([^"]*)"', browser.page)
    assert found, name
    return found[1]


def area(browser: Browser, name: str) -> str:
    found = re.search(rf'<textarea [^>]*name="{name}"[^>]*>([^<]*)</textarea>', browser.page)
    assert found, name
    return found[1]


def test_what_cannot_be_kept_is_told_and_nothing_is_lost(operator: Client, mei: Browser) -> None:
    """A wrong text; while it is written, a form without a name; a draft is made once."""
    composes(mei, body="Hello {{name}}", at="2026-04-01T09:30", do="keep")
    assert (mei.status, "Hello {{name}}</textarea>" in mei.page) == (422, True)
    assert 'value="2026-04-01T09:30"' in mei.page
    assert operator.items("/campaigns") == []

    mei.open("/campaigns/new")
    form = mei.hidden() | FORM
    headers = {"Sec-Fetch-Site": "same-origin"}
    part = mei.client.post("/campaigns/look", data=form | {"body": "Hi"}, headers=headers)
    assert (part.status_code, "Not kept yet." in part.get_data(as_text=True)) == (200, True)

    once = form | {"name": "Spring", "body": "Hi"}
    part = mei.client.post("/campaigns/look", data=once, headers=headers)
    made = the_campaign(operator)
    kept = {"campaign_id": made["id"], "version": 1}
    assert json.loads(part.headers["HX-Trigger"]) == {"kept": kept}
    later = once | {"body": "Hi again", "do": "keep"} | kept
    mei.client.post("/campaigns/new", data=later, headers=headers)
    assert the_campaign(operator)["body"] == "Hi again"


def test_variants_are_rows_and_a_campaign_under_way_keeps_its_shares(
    operator: Client, mei: Browser, container: Container
) -> None:
    """Shares in percent; after the start the texts alone are changed."""
    variants = [{"name": name, "body": name, "share": 0.4 + 1e-14} for name in ("A", "B")]
    started = {"scheduled_at": "2026-03-02T00:00Z", "variants": variants, "hold_out": 0.2}
    campaign = operator.create("/campaigns", {"name": "Two", "undo_seconds": 0, **started})
    campaign_id = campaign["id"]
    mei.open(f"/campaigns/{campaign_id}/edit")
    assert mei.page.count('name="variant_share" type="text" value="40"') == 2
    assert 'name="hold_out" type="text" value="20"' in mei.page

    given.device(operator)
    somebody_gives.many_leads(container, 20)
    when.triggers(container)
    mei.open(f"/campaigns/{campaign_id}/edit")
    assert 'name="niche"' not in mei.page
    assert mei.page.count('value="40" readonly') == mei.page.count('name="variant_name"') == 2
    changed = {"name": "Two", "variant_name": ["A", "B"], "variant_body": ["Hi", "Ho"]}
    mei.send(f"/campaigns/{campaign_id}/edit", **changed, variant_share=["40", "40"])
    bodies = [each["body"] for each in the_campaign(operator)["variants"]]
    assert (bodies, the_campaign(operator)["hold_out"]) == (["Hi", "Ho"], 0.2)


def test_a_test_is_sent_to_a_phone(operator: Client, mei: Browser) -> None:
    """As the person would get it; what was refused is said where it was asked, and stays written.
    It is no message: a link leads to what the log has."""
    device_id = given.device(operator)
    given.lead(operator, 1, name="Aisyah")
    lead_id = given.lead(operator, 2, name="Mei Ling")
    composes(mei, do="keep")
    campaign_id = the_campaign(operator)["id"]
    address = f"/campaigns/{campaign_id}/trial"

    local = {"to": "012-999 8877", "lead_id": lead_id, "device_id": device_id}
    mei.send(address, **local)
    assert (mei.status, "expected" in mei.page) == (422, True)
    assert written(mei, "to") == "012-999 8877"
    for chosen in (lead_id, device_id):
        assert f'<option value="{chosen}" selected>' in mei.page
    mei.send(address, **local, country="MY")
    assert "It was sent:" in mei.page
    assert operator.items("/messages") == []
    (link,) = re.findall(r'href="(/audit[?][^"]*)"', mei.page)
    mei.open(unescape(link))
    assert (mei.page.count("<td>campaign.tested</td>"), campaign_id in mei.page) == (1, True)


def test_a_copy_is_a_draft_to_write_on(operator: Client, mei: Browser) -> None:
    """Also of a campaign that is over."""
    campaign = given.campaign(operator)
    operator.post(f"/campaigns/{campaign}/cancel")
    mei.open(f"/campaigns/{campaign}")
    mei.send(f"/campaigns/{campaign}/copy")

    assert "Keep and count people" in mei.page
    statuses = sorted(each["status"] for each in operator.items("/campaigns"))
    assert statuses == ["cancelled", "draft"]


def test_recipients_by_what_became_of_them(
    operator: Client, mei: Browser, container: Container
) -> None:
    """Who has a message, and who was left out for a reason that the campaign's page links to."""
    given.device(operator)
    given.lead(operator, 1, name="Aisyah")
    left_out = given.lead(operator, 2, name="Zul")
    operator.post(f"/leads/{left_out}/opt-out", {"evidence": "rang us"})
    campaign = UUID(given.campaign(operator, scheduled_at="2026-03-02T00:00Z"))
    when.triggers(container)

    mei.open(f"/campaigns/{campaign}")
    assert f"/campaigns/{campaign}/recipients?excluded=opted_out" in mei.page
    for query, there, not_there in (
        ("", "Aisyah", "Zul"),
        ("?status=pending", "Aisyah", "Zul"),
        ("?excluded=opted_out", "Zul", "Aisyah"),
    ):
        mei.open(f"/campaigns/{campaign}/recipients{query}")
        assert (query, there in mei.page, not_there in mei.page) == (query, True, False)
