"""What is drawn, and what is printed."""

from __future__ import annotations

import re

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then
from tests.support.api import when
from tests.support.api.given import api_key
from tests.support.chromium import Chromium, person

SHEET = {"format": "A4", "margin": dict.fromkeys(("top", "bottom", "left", "right"), "12mm")}
# A page of a PDF, which is no list of pages.
PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")


def test_charts_of_signals_and_a_proof_on_paper(
    chromium: Chromium, address: str, container: Container, clock: SimulatedClock
) -> None:
    """Groups of several rows are drawn, with the table behind; one row is a table. On paper are the
    tables, and no header; the proof of a message is one sheet."""
    for first in (1, 4):
        device_id = given.device(container, f"Sales {first}")
        given.many_leads(container, 3, first=first, device_id=device_id)
    given.campaign(container, body="Hello")
    when.triggers(container)
    for _ in range(3):
        clock.advance(minutes=2)
        when.broadcasts(container, clock)
    message_id = then.messages(container, status="sent")[0].message_id

    with person(chromium, address) as mei:
        mei.signs_in(api_key(container, "mei", "viewer"))
        mei.opens("/signals?since=2026-03-01&until=2026-04-01")
        mei.does(lambda page: page.locator(".chart canvas").wait_for())
        assert mei.does(lambda page: page.locator(".chart").get_attribute("aria-label")) == (
            "What became of messages, by device"
        )
        assert mei.does(lambda page: page.locator("details.behind[open]").count()) == 2
        mei.does(lambda page: page.emulate_media(media="print"))
        assert not mei.does(lambda page: page.locator("header.top").is_visible())
        mei.opens(f"/messages/{message_id}")
        printed = mei.does(lambda page: page.pdf(**SHEET))
        assert mei.complaints == []

    assert len(PAGE.findall(printed)) == 1
