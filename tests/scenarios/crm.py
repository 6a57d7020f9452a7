"""A program of the user's own that works with Sendtrail over HTTP all the time. What it was not
answered it asks again with the same Idempotency-Key."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

from tests.support import then
from tests.support.api.given import api_key, phone
from tests.support.office import Office
from tests.support.serve import Server

# It asks one of these after the other.
PAGES = ("/leads?limit=5", "/messages?limit=5&status=pending", "/reports/overview", "/devices")
# Of so many messages that the gateway takes one makes somebody write to it.
SHARE = 4
# In every so-many-th round it pauses the campaign.
PAUSES = 20


class Crm:
    """Registers leads number ``first`` and so on, which are COLD, ``most`` at the most, and pauses
    and resumes the campaign. ``answers`` counts what it was answered, by status."""

    def __init__(
        self, server: Server, office: Office, campaign: str, *, first: int, most: int
    ) -> None:
        self.answers: Counter[int] = Counter()
        self.registered = 0
        self._server = server
        self._gowa = office.gowa
        self._key = api_key(office.container, "crm", "operator")
        self._campaign = campaign
        self._first = first
        self._most = most
        self._asked = count()
        self._stop = threading.Event()

    def looks_again(self) -> None:
        """After the database was lost: it asks once more for all that it was told was done."""
        for number in range(self.registered):
            self._register(number)
        then.soon(self._is_resumed, 60)

    def work(self) -> None:
        """Until it is told to stop."""
        for turn in count():
            self._get(PAGES[turn % len(PAGES)])
            due = min(self._most, len(self._gowa.taken) // SHARE)
            if self.registered < due:
                self._register(self.registered)
                self.registered += 1
            if self._is_resumed() and turn % PAUSES == 0:
                self._act("pause")
            if self._stop.wait(0.02):
                return

    def stop(self) -> None:
        self._stop.set()

    def _register(self, number: int) -> None:
        body = {"phone": phone(self._first + number), "triggers": ["COLD"]}
        self._post("/leads", body, f"lead {number}", {201})

    def _act(self, what: str) -> None:
        """A campaign that has been finished meanwhile is neither paused nor resumed."""
        self._post(
            f"/campaigns/{self._campaign}/{what}", {}, f"{what} {next(self._asked)}", {200, 409}
        )

    def _is_resumed(self) -> bool:
        """Whether the campaign goes on. If it does not, it is resumed."""
        if self._get(f"/campaigns/{self._campaign}")["status"] != "paused":
            return True
        self._act("resume")
        return False

    def _get(self, path: str) -> Any:
        return self._asks(lambda: self._server.ask(f"/api/v1{path}", self._key), {200})

    def _post(self, path: str, body: object, key: str, good: set[int]) -> Any:
        url = f"/api/v1{path}"
        return self._asks(lambda: self._server.post(url, self._key, body, key), good)

    def _asks(self, ask: Callable[[], tuple[int, str]], good: set[int]) -> Any:
        """What it is answered in the end; that the database is away is no answer."""

        def answer() -> tuple[int, str] | None:
            try:
                status, text = ask()
            except ConnectionError:
                return None
            self.answers[status] += 1
            return None if status == 503 else (status, text)

        status, text = then.soon(answer, 60)
        assert status in good, text
        return json.loads(text)


@contextmanager
def working(crm: Crm) -> Iterator[None]:
    """It works until the block ends, and raises what it met."""
    with ThreadPoolExecutor(1, "crm") as pool:
        work = pool.submit(crm.work)
        try:
            yield
        finally:
            crm.stop()
        work.result(90)
