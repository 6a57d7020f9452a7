"""What people compare on the pages: texts with each other and with nothing, days, and whom they
wrote to before."""

from __future__ import annotations

import re

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then
from tests.support import when as runners
from tests.support.api import when
from tests.support.api.given import api_key
from tests.support.chromium import PHONE, Chromium, Person, person
from tests.support.heard import puts, says
from tests.support.when import Phones, receives

OFFER, QUESTION = "20 % off, this week only", "What is keeping you?"


def _fills_row(somebody: Person, label: str, row: int, text: str) -> None:
    somebody.does(lambda page: page.get_by_label(label, exact=True).nth(row).fill(text))


def test_the_better_of_two_texts_goes_to_the_rest(
    container: Container, clock: SimulatedClock, mei: Person
) -> None:
    """Two texts and some people who get none; half of it is sent, one text is answered; the report
    says which does better and that it is hardly chance, and the rest get that one."""
    given.device(container, pace=(10, 10))
    given.many_leads(container, 48)
    mei.opens("/campaigns/new")
    mei.fills("Name", "March offer")
    mei.does(lambda page: page.get_by_text("Variants and hold-out").click())
    for row, (name, share, body) in enumerate(
        (("offer", "45", OFFER), ("question", "4", QUESTION))
    ):
        _fills_row(mei, "Name of the variant", row, name)
        _fills_row(mei, "Share in %", row, share)
        _fills_row(mei, "Text of the variant", row, body)
    mei.fills("Held out in %", "10")
    mei.clicks("Go on to plan it")
    mei.sees("Variants and hold-out: expected shares that make 100 % together with “Held out in %”")
    _fills_row(mei, "Share in %", 1, "45")
    mei.clicks("Go on to plan it")
    mei.does(lambda page: page.get_by_role("button", name=re.compile("^Plan it for")).click())
    mei.does(lambda page: page.locator("h1 .badge").wait_for())

    when.triggers(container)
    phones = Phones(clock)
    broadcaster = runners.broadcaster(container, phones)
    runners.plays(clock, 239, broadcaster)
    for each in phones.sent:
        if each.content.body == QUESTION:
            puts(container, says(int(each.phone[-7:]), "Tell me more"))
    receives(container)
    half = len(phones.sent)

    mei.follows("Campaigns")
    mei.follows("March offer")
    report = " ".join(mei.reads().split())
    assert "question is replied to more, and that is hardly chance." in report
    assert re.search(r"question \d+ \d+ 0 \d+ [\d.]+% to 100% 0", report), report
    held_out = 48 - len(then.messages(container))
    assert held_out
    assert f"held out {held_out}" in report

    mei.follows("Change what it says")
    mei.does(lambda page: page.get_by_label("Text of the variant").first.fill(QUESTION))
    mei.clicks("Keep these changes")
    mei.does(lambda page: page.locator("h1 .badge.triggered").wait_for())
    runners.plays(clock, 600, broadcaster)

    assert OFFER in phones.texts[:half]
    assert set(phones.texts[half:]) == {QUESTION}
    assert len(phones.sent) == 48 - held_out


def test_signals_of_the_days_with_messages_on_a_phone(
    chromium: Chromium, address: str, container: Container, clock: SimulatedClock
) -> None:
    """A chart by device with its table behind it; labels are whole, in lines where they are
    long."""
    for name in ("Sales 1", "Sales 2"):
        given.device(container, name)
    given.many_leads(container, 8)
    given.campaign(container, name="Spring sale of the northern branch")
    when.triggers(container)
    when.broadcasts(container, clock)
    clock.advance(days=90)

    with person(chromium, address, viewport=PHONE) as ann:
        ann.signs_in(api_key(container, "ann", "viewer"))
        ann.opens("/signals")
        ann.does(lambda page: page.locator("main a[href^='/signals?']").first.click())
        ann.does(lambda page: page.locator(".chart canvas").first.wait_for())
        ann.does(lambda page: page.get_by_text("As a table").first.click())
        table = " ".join(ann.reads().split())
        assert "Spring sale of the northern branch 8" in table, table
        assert "Sales 2" in table
        label = "wrapped('Spring sale of the northern branch step 2', 13)"
        assert ann.does(lambda page: page.evaluate(label)) == "Spring sale\n…\nbranch step 2"
        assert ann.complaints == []


def test_who_was_not_written_to_lately_is_a_segment_and_gets_a_campaign(
    container: Container, clock: SimulatedClock, mei: Person
) -> None:
    """By what was sent before; each month somebody else is in it."""
    given.device(container)
    given.lead(container, 1, name="Aisyah", niche=("B1",))
    given.lead(container, 2, name="Zul", niche=("B2",))
    given.campaign(container, niche=("B1",), body="Hello")
    when.triggers(container)
    when.broadcasts(container, clock)
    clock.advance(days=10)

    key = api_key(container, "zul", "operator")
    mei.signs_in(key)
    mei.opens("/segments/new")
    mei.fills("Name", "Rested")
    mei.chooses("What has to be true of it", "one of these must be")
    mei.chooses("Field", "Never written to")
    mei.fills("Value", "true")
    mei.clicks("Count people")
    mei.sees("1 person")
    assert "Zul" in mei.reads()
    assert "Aisyah" not in mei.reads()
    mei.clicks("Save")
    mei.follows("Compose a campaign for it")
    mei.fills("Name", "Welcome")
    mei.fills("Text", "Nice to meet you")
    mei.sees("1 person gets it")
    mei.clicks("Go on to plan it")
    mei.clicks("Plan it for 1 person")
    mei.does(lambda page: page.locator("h1 .badge").wait_for())
    assert "For Rested" in mei.reads()
    when.triggers(container)
    when.broadcasts(container, clock)

    mei.opens("/segments")
    mei.follows("Rested")
    assert "Nobody matches." in mei.reads()
    assert sorted(each.status for each in then.messages(container)) == ["sent", "sent"]


def test_a_consent_is_recorded_and_withdrawn_by_clicking(container: Container, mei: Person) -> None:
    """With whatever proves it, and what somebody agreed to before stays to be read."""
    lead_id = given.lead(container, 1, name="Aisyah")
    mei.opens(f"/leads/{lead_id}")
    mei.does(lambda page: page.get_by_text("Record a consent").click())
    mei.fills("Purpose", "marketing")
    mei.fills("Source", "form 7")
    mei.fills("Words", "I agree to offers")
    mei.clicks("Record it")
    mei.sees("The person agreed to marketing on")
    assert "Agreed to marketing on" in mei.reads()
    mei.does(lambda page: page.locator("summary", has_text="Agreed to marketing").click())
    mei.does(
        lambda page: page.locator("form[action$=withdraw]").get_by_label("Evidence").fill("rang us")
    )
    mei.clicks("Withdraw marketing")
    mei.sees("The person agrees no more to marketing")

    assert "I agree to offers" in mei.reads()
    assert "Agreed to marketing on" not in mei.reads()
