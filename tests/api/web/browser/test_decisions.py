"""What people decide on the pages: whether a campaign goes out, whether it goes on, and what it
rests on."""

from __future__ import annotations

import re
from typing import Any

from domain.campaign.definition import Brake
from domain.lead import Agreed
from projections.container import Container
from runners.gateways.protocol import Accepted, Rejected
from runners.support.clocks import SimulatedClock
from tests.support import given, then
from tests.support import when as runners
from tests.support.api import when
from tests.support.api.given import api_key
from tests.support.chromium import Chromium, Person, person
from tests.support.when import Phones


def _looks_again(somebody: Person) -> None:
    somebody.does(lambda page: page.reload())


def _follows_what_needs_her(somebody: Person, text: str) -> None:
    """The number beside that text, on the overview."""
    somebody.opens("/")
    somebody.does(lambda page: page.locator(".todo li", has_text=text).locator("a.count").click())


def _waits_for(somebody: Person, selector: str) -> None:
    somebody.does(lambda page: page.locator(selector).first.wait_for())


def test_four_eyes_then_called_back_whole(
    chromium: Chromium, address: str, container: Container, mei: Person
) -> None:
    """She writes, he approves; her change voids that. It starts, and within its undo he takes all
    of it back."""
    given.settings(container, approval="four-eyes", undo_seconds=60)
    given.device(container)
    given.lead(container, 1, name="Aisyah")
    mei.opens("/campaigns/new")
    mei.fills("Name", "Spring")
    mei.fills("Text", "Hello {name}")
    mei.sees("1 person gets it")
    mei.clicks("Go on to plan it")
    mei.clicks("Plan it for 1 person")
    mei.sees("You wrote it or changed it last, so you cannot approve it.")

    with person(chromium, address) as ann:
        ann.signs_in(api_key(container, "ann", "operator"))
        _follows_what_needs_her(ann, "waits for an approval")
        ann.follows("Spring")
        ann.clicks("Approve it as it is")
        ann.sees("approved by")
        mei.follows("Edit it")
        mei.fills("Text", "Good morning {name}")
        mei.clicks("Keep these changes")
        mei.sees("It waits for an approval")
        when.triggers(container)
        _looks_again(ann)
        ann.sees("Good morning")
        ann.clicks("Approve it as it is")
        ann.sees("approved by")

        when.triggers(container)
        # Her page says so by itself.
        ann.sees("It can be called back whole until")
        left = ann.does(lambda page: page.get_by_role("timer").inner_text())
        assert re.fullmatch(r"0:\d\d|1:00", left), left
        ann.clicks("Call it back whole")
        _waits_for(ann, "h1 .badge.cancelled")
        assert ann.complaints == []

    when.reaps(container)
    assert _statuses(container) == ["cancelled"]


def test_a_brake_is_explained_and_let_go(
    container: Container, clock: SimulatedClock, mei: Person
) -> None:
    """With its numbers, from the overview; then the rest is sent. What if it were asked again?
    Everybody but who opted out."""
    given.device(container, pace=(10, 10))
    given.many_leads(container, 8)
    brake = Brake(opt_outs=None, failures=0.5, at_least=4)
    given.campaign(container, brake=brake)
    when.triggers(container)
    failed = Rejected("131026", "no such number")
    failing = Phones(clock, Accepted("first"), failed, failed, failed)
    runners.plays(clock, 39, runners.broadcaster(container, failing))

    _follows_what_needs_her(mei, "paused itself")
    mei.follows("March offer")
    text = " ".join(mei.reads().split())
    assert "of 4 that it tried, 3 failed and 0 opted out. 75 % is more" in text
    mei.clicks("Resume")
    _waits_for(mei, "h1 .badge.triggered")
    runners.plays(clock, 60, runners.broadcaster(container, Phones(clock)))
    assert sorted(_statuses(container)) == ["failed"] * 3 + ["sent"] * 5

    first = then.messages(container)[0].lead_id
    container.outreach.opt_out(first, "rang us", actor="api:mei")
    mei.opens("/what-if")
    mei.fills("Text", "Hello again")
    mei.clicks("Ask")
    mei.sees("The answer")
    rows = mei.does(lambda page: page.locator("#people ~ table tbody tr").all_inner_texts())
    assert sum("Sales 1" in row for row in rows) == 7, rows
    assert sum("opted out" in row for row in rows) == 1, rows
    assert len(then.messages(container)) == 8


def test_a_proof_shows_what_it_rests_on(
    container: Container, clock: SimulatedClock, mei: Person
) -> None:
    """Who agreed got it, and the proof has the words; who did not is counted as left out."""
    given.device(container)
    lead_id = given.lead(container, 1, name="Aisyah")
    given.lead(container, 2, name="Zul")
    agreed = Agreed(purpose="marketing", source="form 7", words="I agree to offers")
    container.outreach.give_consent(lead_id, agreed, actor="api:mei")
    given.campaign(container, requires_consent="marketing")
    when.triggers(container)
    when.broadcasts(container, clock)

    mei.follows("Campaigns")
    mei.follows("March offer")
    assert re.search(r"no consent\s+1\b", mei.reads()), mei.reads()
    mei.follows("1 person")
    mei.follows("sent")
    assert "Hello Aisyah" in mei.reads()
    facts = mei.does(lambda page: page.locator("dl.facts").inner_text())
    assert "to marketing, given" in facts
    assert "I agree to offers" in facts
    assert "form 7" in facts
    assert "not required" not in facts


def _statuses(container: Container) -> list[Any]:
    return [each.status for each in then.messages(container)]
