"""A real browser: one Chromium per worker, and a server of the test's own application behind it.

Playwright keeps an event loop running in the thread that it is used in. So it has a thread of its
own, and a test may use other loops.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:  # loading it costs every worker half a second
    from playwright.sync_api import Page

T = TypeVar("T")
# In milliseconds. A page that takes longer is a fault, however busy the machine.
PATIENCE = 30_000
LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


class Chromium:
    """``does`` runs a function in Playwright's thread; ``browser`` may be used only there."""

    def __init__(self, program: str) -> None:
        self._thread = ThreadPoolExecutor(1, "chromium")
        self.does(lambda: self._start(program))

    def does(self, work: Callable[[], T]) -> T:
        return self._thread.submit(work).result()

    def close(self) -> None:
        self.does(self._stop)
        self._thread.shutdown()

    def _start(self, program: str) -> None:
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        self.browser = self._playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )

    def _stop(self) -> None:
        self.browser.close()
        self._playwright.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """Debian's Chromium; skipped with a sentence where there is none."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed (Debian's package chromium)")
    started = Chromium(program)
    yield started
    started.close()


class Person:
    """Somebody in front of a browser. ``complaints`` is what the browser has to say against our
    pages: errors in its console, and requests to another origin."""

    def __init__(self, chromium: Chromium, address: str, options: dict[str, Any]) -> None:
        self._chromium = chromium
        self.address = address
        self.complaints: list[str] = []
        self._page: Page = chromium.does(lambda: self._begin(options))

    def _begin(self, options: dict[str, Any]) -> Page:
        context = self._chromium.browser.new_context(
            **{"viewport": LAPTOP, "timezone_id": "UTC", "reduced_motion": "reduce", **options}
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._asked)
        return page

    def leaves(self) -> None:
        """Closes the browser's window, and forgets its cookies."""
        self._chromium.does(lambda: self._page.context.close())

    def does(self, work: Callable[[Page], T]) -> T:
        """What ``work`` gives for the page that is open."""
        return self._chromium.does(lambda: work(self._page))

    def opens(self, path: str) -> None:
        """Types that address."""
        self.does(lambda page: page.goto(self.address + path, wait_until="load"))

    def signs_in(self, key: str) -> None:
        """With the key, by typing it."""
        self.opens("/sign-in")
        self.fills("API key", key)
        self.clicks("Sign in")
        self.does(lambda page: page.get_by_role("button", name="Sign out").wait_for())

    def clicks(self, name: str, role: Any = "button") -> None:
        """The first button of that name, or whatever else has that role."""
        self.does(lambda page: page.get_by_role(role, name=name, exact=True).first.click())

    def follows(self, name: str) -> None:
        """The first link of that name."""
        self.clicks(name, "link")

    def fills(self, label: str, text: str) -> None:
        """The field of that label."""
        self.does(lambda page: page.get_by_label(label, exact=True).first.fill(text))

    def chooses(self, label: str, option: str) -> None:
        """That option of the choice of that label."""
        self.does(
            lambda page: page.get_by_label(label, exact=True).first.select_option(label=option)
        )

    def presses(self, *keys: str) -> None:
        """These keys, one after the other."""
        for key in keys:
            self.does(lambda page, key=key: page.keyboard.press(key))  # type: ignore[misc]

    def sees(self, text: str) -> None:
        """Waits until the page shows that."""
        self.does(lambda page: page.get_by_text(text).first.wait_for())

    def reads(self) -> str:
        """The text of the page as it is shown."""
        return self.does(lambda page: page.locator("main").inner_text())

    def _heard(self, message: Any) -> None:
        # An answer that is a refusal is no fault of a page.
        if message.type == "error" and "the server responded with a status" not in message.text:
            self.complaints.append(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.address + "/", "data:")):
            self.complaints.append(f"request to {request.url}")


@contextmanager
def person(chromium: Chromium, address: str, **options: Any) -> Iterator[Person]:
    """Somebody with a browser of their own, without the cookies of others."""
    somebody = Person(chromium, address, options)
    try:
        yield somebody
    finally:
        somebody.leaves()
