"""What a person agreed to, recorded and withdrawn on the person's page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import given
from tests.support.api.browsing import Browser
from tests.support.api.client import Client

AGREED = {"purpose": "marketing", "source": "form at the counter", "words": "Offers are welcome"}


@pytest.fixture
def mei(mei: Browser) -> Browser:
    """Where the clock is eight hours ahead."""
    mei.client.set_cookie("sendtrail_zone", "Asia/Kuala_Lumpur")
    return mei


def test_a_consent_is_recorded_and_withdrawn(operator: Client, mei: Browser) -> None:
    """At a time of the reader's clock, or now; both with what proves them."""
    lead_id = given.lead(operator)
    page = f"/leads/{lead_id}"
    mei.open(page)
    mei.send(f"{page}/consents", **AGREED, given_at="2026-02-01T09:00")
    assert "Agreed to <bdi>marketing</bdi> on" in mei.page
    said = "<q><bdi>Offers are welcome</bdi></q> <small><bdi>form at the counter</bdi></small>"
    assert said in mei.page
    mei.send(f"{page}/consents", **{**AGREED, "purpose": "news"}, given_at="")
    mei.send(f"{page}/consents/withdraw", purpose="marketing", evidence="said so at the counter")

    marketing, news = operator.items(f"/leads/{lead_id}/consents")
    recorded: dict[str, Any] = {name: marketing[name] for name in (*AGREED, "given_at")}
    assert recorded == {**AGREED, "given_at": "2026-02-01T01:00:00+00:00"}
    assert (marketing["in_force"], marketing["withdrawal"]) == (False, "said so at the counter")
    assert (marketing["recorded_by"], news["in_force"]) == ("api:mei", True)
    assert "Agreed to <bdi>marketing</bdi> on" not in mei.page
    mei.open(f"/csv/leads/{lead_id}/consents")
    assert "said so at the counter" in mei.page


def test_what_is_refused_of_a_consent_is_told_and_kept(operator: Client, mei: Browser) -> None:
    """A purpose that is none, and a time to come; nothing is recorded, and what was written stays
    in the form, which is open."""
    lead_id = given.lead(operator)
    page = f"/leads/{lead_id}"
    for wrong in ({"purpose": "Marketing!"}, {"given_at": "2031-02-01T09:00"}):
        mei.open(page)
        mei.send(f"{page}/consents", **AGREED | wrong)
        assert (wrong, mei.status) == (wrong, 422)
        assert f'value="{next(iter(wrong.values()))}" aria-invalid="true"' in mei.page
        assert "<details open><summary>Record a consent" in mei.page
        assert "Offers are welcome</textarea>" in mei.page
    assert operator.items(f"/leads/{lead_id}/consents") == []
