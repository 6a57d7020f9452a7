"""A GOWA server that tells what becomes of messages, as real ones do: signed, in any order, more
than once, and sometimes before its own answer. People write back to it, too."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import Lock
from typing import Any

from aiohttp import web

from tests.support.api.webhooks import receipt, reply, signature
from tests.support.gateways.fake_gowa import FakeGowa
from tests.support.gateways.fakes import Behaviour

Said = dict[str, Any]


class ChattyGowa(FakeGowa):
    """``tells`` gives the receipts of a phone's message, ``hurries`` whether they are out before
    its answer. ``told`` has what was said of each phone, each once; ``answers`` counts what
    Sendtrail said to it, by status."""

    def __init__(
        self,
        secret: str,
        tells: Callable[[str], list[str]],
        hurries: Callable[[str], bool],
    ) -> None:
        super().__init__()
        self.secret = secret
        self.tells = tells
        self.hurries = hurries
        self.told: set[tuple[str, str]] = set()
        self.answers: Counter[int] = Counter()
        self.where: tuple[int, str] = (0, "")
        self._waiting: list[tuple[str, str, Said]] = []
        self._random = random.Random(1)
        self._lock = Lock()

    async def answer(
        self, request: web.Request, behaviour: Behaviour, good: web.Response, phone: str = ""
    ) -> web.StreamResponse:
        if phone:
            provider_id = json.loads(good.text or "")["results"]["message_id"]
            for kind in self.tells(phone):
                said = receipt("gowa", kind, provider_id)
                if self.hurries(phone):
                    await asyncio.to_thread(self._post, phone, kind, said)
                else:
                    self._add(phone, kind, said)
        return await super().answer(request, behaviour, good, phone)

    def people_write(self, phone: str, text: str, times: int) -> None:
        """The same text of the same moment comes so often."""
        for _ in range(times):
            self._add(phone, text, reply("gowa", f"+{phone}", text, f"3EB0R{phone}"))

    def talks(self, pool: ThreadPoolExecutor, at_once: int) -> int:
        """Says some of what there is to say, in no order; returns how much that was."""
        with self._lock:
            self._random.shuffle(self._waiting)
            taken, self._waiting = self._waiting[:at_once], self._waiting[at_once:]
        list(pool.map(lambda item: self._post(*item), taken))
        return len(taken)

    def _add(self, phone: str, what: str, said: Said) -> None:
        with self._lock:
            self._waiting.append((phone, what, said))

    def _post(self, phone: str, what: str, said: Said) -> None:
        port, path = self.where
        body = json.dumps(said).encode()
        headers = {"Content-Type": "application/json", **signature(body, self.secret)}
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", path, body, headers)
            status = connection.getresponse().status
        finally:
            connection.close()
        with self._lock:
            self.answers[status] += 1
            self.told.add((phone, what))
