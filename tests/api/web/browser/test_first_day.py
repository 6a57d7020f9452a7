"""The first day: from signing in to the proof of the first message, and by keyboard alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given
from tests.support.api import when
from tests.support.api.given import api_key
from tests.support.chromium import Chromium, Person, person

PEOPLE = "Phone,Name,Niche\n+60123456781,Aisyah,fitness\n+60123456782,Mei Ling,fitness\n"


def _tabs_to(somebody: Person, name: str) -> None:
    """With the key that goes on to the next thing, to a field by its label or a button."""
    told = """() => {
      const at = document.activeElement;
      return at.labels?.length ? at.labels[0].innerText : at.innerText || "";
    }"""
    for _ in range(120):
        if somebody.does(lambda page: page.evaluate(told)).strip() == name:
            return
        somebody.presses("Tab")
    raise AssertionError(f"no way by keyboard to {name}")


def _types(somebody: Person, label: str, text: str) -> None:
    _tabs_to(somebody, label)
    somebody.does(lambda page: page.keyboard.type(text))


def test_from_signing_in_to_the_proof(
    chromium: Chromium,
    address: str,
    container: Container,
    clock: SimulatedClock,
    tmp_path: Path,
) -> None:
    """A device, people of a file, a text as they would read it, a test, the campaign to its end."""
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE, encoding="utf-8")
    with person(chromium, address) as mei:
        mei.signs_in(api_key(container, "mei", "operator"))
        mei.follows("Devices")
        mei.clicks("Make a sandbox device")
        mei.does(lambda page: page.locator("td .badge.online").wait_for())
        mei.follows("Leads")
        mei.follows("Import people")
        mei.does(lambda page: page.get_by_label("File").set_input_files(file))
        mei.clicks("Read the file")
        mei.clicks("Import 2 people")
        mei.sees("See the people")

        mei.follows("Campaigns")
        mei.clicks("Compose a campaign")
        mei.fills("Name", "Spring")
        mei.fills("Niche", "fitness")
        mei.fills("Text", "Hello {name}")
        mei.sees("2 people get it")
        mei.sees("Hello Aisyah")
        mei.fills("Send it to this phone", "012-999 8877")
        mei.chooses("Country of a phone without a country code", "Malaysia (MY)")
        # What is written there stays while the people are counted anew.
        mei.fills("Text", "Good morning {name}")
        mei.sees("Good morning Mei Ling")
        mei.clicks("Send the test")
        mei.sees("It was sent:")

        mei.clicks("Go on to plan it")
        mei.clicks("Plan it for 2 people")
        mei.sees("Progress")
        when.triggers(container)
        clock.advance(minutes=2)
        for _ in range(3):
            when.broadcasts(container, clock)
            clock.advance(minutes=2)
        mei.does(lambda page: page.reload())
        mei.follows("2 people")
        mei.follows("sent")
        proof = mei.reads()
        assert mei.complaints == []

    assert "Good morning" in proof
    assert "yes: this text has this hash" in proof


def test_a_button_waits_for_the_draft_that_is_being_made(
    chromium: Chromium, address: str, container: Container
) -> None:
    """Pressed while the first look is under way: there is one draft, and it is gone on with."""
    given.device(container)
    given.lead(container, 1, name="Aisyah")
    held: list[Any] = []

    def holds(route: Any) -> None:
        held.append((route, route.fetch()))

    with person(chromium, address) as mei:
        mei.signs_in(api_key(container, "mei", "operator"))
        mei.opens("/campaigns/new")
        mei.does(lambda page: page.route("**/campaigns/look", holds))
        mei.fills("Name", "Spring")
        mei.fills("Text", "Hello")
        mei.does(lambda page: _waits_for(page, held))
        mei.fills("Text", "Hello {name}")
        mei.clicks("Go on to plan it")
        mei.does(lambda page: [route.fulfill(response=answer) for route, answer in held])
        mei.sees("Plan it for 1 person")

    with container.database.transaction() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM campaigns").scalar_one() == 1


def _waits_for(page: Any, held: list[Any]) -> None:
    """Until an answer is held back."""
    for _ in range(600):
        if held:
            return
        page.wait_for_timeout(50)  # in which Playwright hears of requests
    raise AssertionError("nothing was asked for")


def _opens(somebody: Person, name: str, path: str) -> None:
    """Follows the link or presses the button of that name."""
    _tabs_to(somebody, name)
    somebody.presses("Enter")
    somebody.does(lambda page: page.wait_for_url(f"**{path}"))


def test_the_first_day_by_keyboard_alone(
    chromium: Chromium, address: str, container: Container, tmp_path: Path
) -> None:
    """From the key to a planned campaign, with a device and people of a file; whatever has no
    button is not needed."""
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE, encoding="utf-8")
    key = api_key(container, "mei", "operator")
    with person(chromium, address) as mei:
        mei.does(lambda page: page.on("filechooser", lambda window: window.set_files(file)))
        mei.opens("/sign-in?next=/devices")
        mei.does(lambda page: page.locator("#key:focus").wait_for())
        mei.does(lambda page: page.keyboard.type(key))
        mei.presses("Enter")
        mei.sees("A sandbox device takes every message")
        _tabs_to(mei, "Make a sandbox device")
        mei.presses("Enter")
        mei.does(lambda page: page.locator("td .badge.online").wait_for())
        _opens(mei, "Leads", "/leads")
        _opens(mei, "Import people", "/import")
        _tabs_to(mei, "File")
        mei.presses("Enter")
        mei.does(lambda page: page.locator("input[type=file]:valid").wait_for())
        _tabs_to(mei, "Read the file")
        mei.presses("Enter")
        mei.sees("Import 2 people")
        _tabs_to(mei, "Import 2 people")
        mei.presses("Enter")
        mei.sees("See the people")

        _opens(mei, "Campaigns", "/campaigns")
        _opens(mei, "Compose a campaign", "/campaigns/new")
        _types(mei, "Name", "Spring")
        _types(mei, "Text", "Hello {name}")
        mei.sees("2 people get it")
        _tabs_to(mei, "Go on to plan it")
        mei.presses("Enter")
        mei.sees("Plan it for 2 people")
        _tabs_to(mei, "Plan it for 2 people")
        mei.presses("Space")
        mei.does(lambda page: page.locator("h1 .badge.pending").wait_for())

    with container.database.transaction() as connection:
        statement = "SELECT status FROM campaigns"
        assert [row.status for row in connection.exec_driver_sql(statement)] == ["pending"]
