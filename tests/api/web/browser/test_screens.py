"""Every screen in a real browser: axe, a phone, the console, other origins, no scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from projections.container import Container
from tests.support import hostile
from tests.support.api import given
from tests.support.api.application import served
from tests.support.api.client import Client
from tests.support.api.screens import SCREENS
from tests.support.chromium import PHONE, Chromium, Person, person
from tests.support.heard import puts, says
from tests.support.when import receives

SERIOUS = ("serious", "critical")
COLOURS = "async () => (await axe.run({runOnly: ['color-contrast']})).violations"
# Pixels that the page is wider than the window; and whoever is cut off by it.
WIDER = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return "";
  const out = [...document.querySelectorAll("main *, header *")]
    .find((each) => each.getBoundingClientRect().right > wide + 1);
  return out ? out.outerHTML.slice(0, 120) : "something";
}"""


@pytest.fixture
def filled(
    ids: dict[str, str], container: Container, operator: Client, administrator: Client
) -> dict[str, str]:
    """One of each, and people, devices and texts of whoever means harm."""
    for number, name in enumerate(hostile.NAMES, 20):
        given.lead(operator, number, name=name, attributes={"city": name}, niche=["B1"])
    for number, title in enumerate(hostile.TITLES):
        given.device(operator, title, online=False)
        given.campaign(operator, name=title, body=hostile.LONG[:4000])
        given.sequence(operator, hostile.MARKUP, name=title, trigger=f"<b>{number}")
    for number, words in enumerate(hostile.WORDS):
        puts(container, says(20 + number, words, f"in{number}"))
        puts(container, says(900 + number, words, f"out{number}"))
    receives(container)
    return ids


@pytest.fixture
def address(app: Flask, filled: dict[str, str]) -> Iterator[str]:
    with served(app) as found:
        yield found


def _all(ids: dict[str, str]) -> list[str]:
    return ["/sign-in", *(each.format(**ids) for each in SCREENS)]


def _findings(somebody: Person) -> list[tuple[str, str]]:
    """The serious ones of axe about the page, in the light and in the dark. The second time axe is
    there already, and colours alone are others."""
    from axe_playwright_python.sync_playwright import Axe

    def look(page: Any) -> dict[str, Any]:
        page.emulate_media(color_scheme="light")
        light = Axe().run(page).response["violations"]
        page.emulate_media(color_scheme="dark")
        return {"light": light, "dark": page.evaluate(COLOURS)}

    return [
        (scheme, f"{each['id']}: {each['nodes'][0]['html'][:160]}")
        for scheme, found in somebody.does(look).items()
        for each in found
        if each["impact"] in SERIOUS
    ]


def test_every_screen_is_for_everybody(
    chromium: Chromium, address: str, filled: dict[str, str], administrator: Client
) -> None:
    """Light and dark, without a serious finding of axe; no error in the console, and nothing asked
    of anybody else. Whatever names and replies hold does nothing."""
    wrong: list[Any] = []
    with person(chromium, address) as mei:
        mei.signs_in(str(administrator.key))
        for screen in _all(filled):
            mei.opens(screen)
            wrong += [(screen, *each) for each in _findings(mei)]
            assert mei.does(lambda page: page.title()) != "owned", screen
        wrong += mei.complaints

    assert not wrong, "\n".join(map(str, wrong))


def test_no_screen_scrolls_sideways_on_a_phone(
    chromium: Chromium, address: str, filled: dict[str, str], administrator: Client
) -> None:
    """390 pixels are enough, also for a name of five hundred letters."""
    wrong = []
    with person(chromium, address, viewport=PHONE) as mei:
        mei.signs_in(str(administrator.key))
        for screen in _all(filled):
            mei.opens(screen)
            if cut := mei.does(lambda page: page.evaluate(WIDER)):
                wrong.append((screen, cut))

    assert not wrong, "\n".join(map(str, wrong))


def test_every_screen_works_without_scripts(
    chromium: Chromium, address: str, filled: dict[str, str], administrator: Client
) -> None:
    """It has its heading, and its forms go somewhere."""
    with person(chromium, address, java_script_enabled=False) as mei:
        mei.signs_in(str(administrator.key))
        for screen in _all(filled):
            mei.opens(screen)
            assert mei.does(lambda page: page.locator("h1").count()) == 1, screen
            assert mei.does(lambda page: page.locator("[hx-post]").count()) == 0, screen


# How many lines the header has: of whatever is seen in it, how many begin below another's end.
LINES = """() => {
  const seen = [...document.querySelectorAll("header.top :is(a, summary, span, small, button)")]
    .filter((each) => each.checkVisibility()).map((each) => each.getBoundingClientRect());
  const wide = seen.some((each) => each.right > document.documentElement.clientWidth);
  const below = (each) => seen.some((other) => other.bottom <= each.top);
  return wide ? "too wide" : seen.some(below) ? "more than one line" : "one line";
}"""


@pytest.mark.parametrize("language", ["en", "ms", "id"])
def test_the_header_is_one_line_and_its_menu_needs_no_script(
    chromium: Chromium, app: Flask, container: Container, language: str
) -> None:
    """From 1024 pixels on, with a long name; a place of the menu is reached by keyboard."""
    key = given.api_key(container, "the-team-of-the-northern-branch-office", "operator")
    small = {"width": 1024, "height": 700}
    with (
        served(app) as address,
        person(chromium, address, viewport=small, java_script_enabled=False) as mei,
    ):
        mei.signs_in(key)
        mei.opens(f"/language/{language}?next=/signals")
        assert mei.does(lambda page: page.evaluate(LINES)) == "one line"
        mei.does(lambda page: page.locator("header.top summary").focus())
        mei.presses("Enter", "Tab", "Enter")
        mei.does(lambda page: page.wait_for_url("**/segments"))
        assert mei.does(lambda page: page.locator("header.top summary[aria-current]").count()) == 1
