"""What people do on the pages, by clicking: each from the sign-in to its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from projections.container import Container
from projections.database.engine import rows
from runners.support.clocks import SimulatedClock
from tests.support import given, then
from tests.support.api import when
from tests.support.api.given import api_key
from tests.support.chromium import Chromium, Person, person
from tests.support.heard import puts, says
from tests.support.when import receives


@pytest.fixture
def mei(chromium: Chromium, address: str, container: Container) -> Iterator[Person]:
    """An administrator who is signed in."""
    with person(chromium, address) as somebody:
        somebody.signs_in(api_key(container, "mei", "admin"))
        yield somebody
        assert somebody.complaints == []


def test_a_reply_stops_a_sequence(container: Container, clock: SimulatedClock, mei: Person) -> None:
    """She wrote back; nothing further is sent, and her page says why."""
    given.device(container)
    given.journey(container, "One", "Two", name="Aisyah")
    clock.advance(minutes=10)
    when.broadcasts(container, clock)
    clock.advance(minutes=10)
    puts(container, says(1, "Please call me"))
    receives(container)

    mei.follows("Replies")
    mei.sees("Please call me")
    mei.follows("Leads")
    mei.fills("Phone", given.phone(1))
    mei.clicks("Show")
    mei.follows("Aisyah")

    text = mei.reads()
    assert "Please call me" in text
    assert "stopped replied" in text, text
    assert [each.status for each in then.messages(container)] == ["sent", "cancelled"]


def test_why_did_i_get_this_and_what_did_you_know_about_me(
    container: Container, clock: SimulatedClock, mei: Person
) -> None:
    """From her number to the proven text and its cause; and who she was before she was renamed."""
    given.device(container)
    lead_id = given.lead(container, 1, name="Aisyah Lama")
    given.campaign(container, body="Hello {name}")
    when.triggers(container)
    when.broadcasts(container, clock)
    clock.advance(hours=2)

    mei.follows("Leads")
    mei.fills("Phone", given.phone(1))
    mei.clicks("Show")
    mei.follows("Aisyah Lama")
    mei.does(lambda page: page.locator("#messages ~ table a").first.click())
    proof = mei.reads()
    assert "Hello Aisyah Lama" in proof
    assert "yes: this text has this hash" in proof
    assert "March offer" in proof

    mei.follows("this person")
    mei.does(lambda page: page.get_by_text("Change what is known").click())
    mei.fills("Name", "Aisyah Baru")
    mei.clicks("Keep these")
    mei.sees("Aisyah Baru")
    mei.fills("As it was at", "2026-03-02T09:30")
    mei.clicks("Show")
    then_known = mei.reads()
    assert "Aisyah Lama" in then_known
    assert "Aisyah Baru" not in then_known
    mei.does(lambda page: page.get_by_label("After event").fill("1"))
    mei.does(lambda page: page.wait_for_url("**as_of=2026-03-02*"))
    assert container.outreach.get_lead(lead_id).profile.name == "Aisyah Baru"


def test_opted_out_with_evidence_and_then_erased(container: Container, mei: Person) -> None:
    """The evidence is shown; a wrong number erases nobody, the right one erases her."""
    lead_id = given.lead(container, 1, name="Aisyah")

    mei.opens(f"/leads/{lead_id}")
    mei.fills("Evidence", "rang us on Monday")
    mei.clicks("Opt out")
    mei.sees("rang us on Monday")
    assert container.outreach.get_lead(lead_id).opted_out_at is not None
    mei.does(lambda page: page.get_by_text("Erase this person").click())
    for typed in ("+60120000002", given.phone(1)):
        mei.fills("Type the phone to confirm", typed)
        mei.clicks("Erase for good")
        mei.does(lambda page: page.wait_for_load_state())

    text = mei.reads()
    assert "Aisyah" not in text
    assert "rang us" not in text
    assert container.outreach.get_lead(lead_id).erased_at is not None


def test_a_device_dies_and_its_people_are_moved(container: Container, mei: Person) -> None:
    """Its messages are named before it goes, and go with another."""
    first = given.device(container, "Old phone")
    given.many_leads(container, 3, device_id=first)
    other = given.device(container, "New phone")
    given.campaign(container)
    when.triggers(container)
    assert {each.device_id for each in then.messages(container)} == {first}

    mei.follows("Devices")
    mei.follows("Old phone")
    mei.does(lambda page: page.get_by_text("Take out of service for good").click())
    mei.clicks("Retire for good")
    mei.sees("3 messages")
    mei.chooses("Its messages", "New phone")
    mei.clicks("Retire for good")
    mei.does(lambda page: page.locator("h1 .badge.retired").wait_for())
    when.reaps(container)

    assert {each.device_id for each in then.messages(container)} == {other}


def test_unknown_outcomes_are_resolved_in_bulk(
    container: Container, clock: SimulatedClock, mei: Person
) -> None:
    """From the overview: what would change is shown with its number, then done, by who is signed
    in."""
    given.device(container, settings={"timeout_rate": 1})
    given.many_leads(container, 3)
    given.campaign(container)
    when.triggers(container)
    when.broadcasts(container, clock)
    assert {each.status for each in then.messages(container)} == {"unknown"}

    mei.opens("/")
    mei.does(lambda page: page.locator(".todo a").first.click())
    mei.chooses("What became of them", "They were sent")
    mei.fills("How that is known", "the phone shows them")
    mei.clicks("See what would change")
    mei.sees("would change")
    assert {each.status for each in then.messages(container)} == {"unknown"}
    mei.clicks("Resolve: 3")
    mei.sees("No message matches.")

    assert {each.status for each in then.messages(container)} == {"sent"}
    mei.does(lambda page: page.locator("header summary").click())
    mei.follows("Log")
    mei.fills("Kind", "message.resolved")
    mei.clicks("Show")
    assert mei.reads().count("api:mei") == 3


def test_many_people_are_changed_by_filter_or_ticks(container: Container, mei: Person) -> None:
    """All that match on every page, or those that are ticked; a search finds a name's beginning."""
    given.many_leads(container, 60, niche=("B1",))
    given.lead(container, 100, name="Aisyah binti Rahman", niche=("B2",))

    mei.follows("Leads")
    mei.fills("Niche", "B1")
    mei.clicks("Show")
    mei.chooses("Do", "Give a trigger")
    mei.does(lambda page: page.locator("#bulk").get_by_label("Trigger").fill("HOT"))
    mei.clicks("See what would change")
    mei.clicks("Give a trigger: 60")
    mei.does(lambda page: page.wait_for_url("**/leads?niche=B1"))
    mei.opens("/leads?q=aisyah")
    mei.does(lambda page: page.get_by_label("Tick Aisyah binti Rahman").check())
    mei.chooses("For", "those that are ticked")
    mei.chooses("Do", "Opt out")
    mei.does(lambda page: page.locator("#bulk").get_by_label("Evidence").fill("rang us"))
    mei.clicks("See what would change")
    mei.clicks("Opt out: 1")
    mei.does(lambda page: page.locator(".badge.opted_out").wait_for())

    by_name = {bool(each.name): each for each in _leads(container)}
    assert (by_name[True].opted_out, by_name[True].triggers) == (True, [])
    assert (by_name[False].opted_out, by_name[False].triggers) == (False, ["HOT"])


def test_a_sequence_is_made_and_begun(container: Container, mei: Person) -> None:
    """Two steps, the second at nine in the morning; then whoever gets the trigger enters."""
    given.device(container)
    mei.follows("Sequences")
    mei.clicks("Make a sequence")
    mei.fills("Name", "Welcome")
    mei.fills("Trigger", "COLD")
    mei.fills("Text of the first step", "Hi {name|there}")
    mei.clicks("Keep it as a draft")
    mei.fills("Text of the new step", "How are you?")
    mei.does(lambda page: page.get_by_label("At this time of day").last.fill("09:00"))
    mei.clicks("Add the step")
    mei.sees("Step 2")
    mei.clicks("Begin")
    mei.does(lambda page: page.locator("h1 .badge.active").wait_for())
    given.lead(container, 1, ["COLD"])
    when.enrolls(container)

    mei.opens("/sequences")
    mei.follows("Welcome")
    assert "active\n1" in mei.reads()
    mei.does(lambda page: page.locator("dl.figures .count").first.click())
    mei.follows(given.phone(1))
    assert "Step 2: Welcome" in mei.reads()


def test_a_viewer_changes_nothing(chromium: Chromium, address: str, container: Container) -> None:
    """There is no button for it, and typing an address does not help."""
    lead_id = given.lead(container, 1, name="Aisyah")
    device_id = given.device(container)
    with person(chromium, address) as ann:
        ann.signs_in(api_key(container, "ann", "viewer"))
        for path in (f"/leads/{lead_id}", f"/devices/{device_id}", "/leads", "/messages"):
            ann.opens(path)
            buttons = ann.does(lambda page: page.get_by_role("button").all_inner_texts())
            assert set(buttons) <= {"Sign out", "Show", "Go there", ""}, path
        for path in ("/import", "/devices/new", "/settings/keys"):
            ann.opens(path)
            assert "Your key may not do this" in ann.reads(), path


def test_a_file_is_imported_without_scripts(
    chromium: Chromium, address: str, container: Container, tmp_path: Path
) -> None:
    """With the columns that were chosen; what was rejected can be taken home."""
    file = tmp_path / "friends.csv"
    file.write_text("Kontak,Who\n+60123456789,Aisyah\nnobody,Mei\n", encoding="utf-8")
    with person(chromium, address, java_script_enabled=False) as mei:
        mei.signs_in(api_key(container, "mei", "operator"))
        mei.follows("Leads")
        mei.follows("Import people")
        mei.does(lambda page: page.get_by_label("File").set_input_files(file))
        mei.clicks("Read the file")
        mei.chooses("What this column is: Who", "Name")
        mei.clicks("Read it so")
        mei.clicks("Import 1 person")
        with_rejected = mei.reads()
        mei.clicks("See the people")
        mei.follows("Aisyah")

    assert "expected a phone number" in with_rejected


def test_everything_is_begun_by_keyboard_alone(
    chromium: Chromium, address: str, container: Container
) -> None:
    """Sign in, skip to the content, make a device and take it out of service again."""
    key = api_key(container, "mei", "operator")
    with person(chromium, address) as mei:
        mei.opens("/sign-in?next=/devices")
        mei.does(lambda page: page.locator("#key:focus").wait_for())
        mei.does(lambda page: page.keyboard.type(key))
        mei.presses("Enter")
        mei.sees("A sandbox device takes every message")
        mei.presses("Tab")
        assert _focused(mei) == "Skip to the content"
        mei.presses("Enter")
        _tabs_to(mei, "Make a sandbox device")
        mei.presses("Enter")
        mei.does(lambda page: page.locator("td .badge.online").wait_for())
        _tabs_to(mei, "Take out of service")
        mei.presses("Space")
        mei.does(lambda page: page.locator(".badge.offline").first.wait_for())

    assert _devices(container) == ["offline"]


def _focused(somebody: Person) -> str:
    found = somebody.does(lambda page: page.evaluate("document.activeElement.innerText"))
    return str(found or "").strip()


def _tabs_to(somebody: Person, name: str) -> None:
    """With the key that goes on to the next thing."""
    for _ in range(60):
        if _focused(somebody) == name:
            return
        somebody.presses("Tab")
    raise AssertionError(f"no way by keyboard to {name}")


def _leads(container: Container) -> list[Any]:
    with container.database.reading() as connection:
        return rows(
            connection, "SELECT name, opted_out_at IS NOT NULL AS opted_out, triggers FROM leads"
        )


def _devices(container: Container) -> list[str]:
    with container.database.reading() as connection:
        return [row.status for row in rows(connection, "SELECT status FROM devices")]
