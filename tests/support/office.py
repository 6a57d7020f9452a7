"""A company's Sendtrail as a whole: the API that drives it, its runners as processes of their own,
and the server behind its phones."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from api.http.trials import Sender
from projections.config.settings import Settings
from projections.container import Container, utc_now
from projections.database.engine import rows
from projections.rebuild.rebuild import rebuild
from runners.gateways import single
from tests.support import processes, then
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.support.api.given import SECRET_KEY, api_key, phone
from tests.support.gateways.fake_gowa import CREDENTIALS, FakeGowa

# Short enough for a test that waits for them, long enough for two busy cores.
INTERVALS: dict[str, object] = {
    "enroll_every": 0.2,
    "campaign_every": 0.2,
    "broadcast_every": 0.2,
    "reap_every": 0.3,
    "monitor_every": 0.5,
    "notary_every": 0.5,
    "lease_seconds": 2,
    "gateway_timeout": 1,
}


class Office:
    """``api`` has an administrator's key; ``container`` is only for looking. ``clock`` is that of
    both."""

    def __init__(
        self, database_url: str, gowa: FakeGowa, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.settings = {"database_url": database_url, "secret_key": SECRET_KEY, **INTERVALS}
        settings = Settings(database_url=database_url, secret_key=SECRET_KEY, undo_seconds=0)
        self.container = Container(settings, clock)
        tests = Sender(single.sender(settings))
        app = application(self.container, tests=tests)
        self.api = Client(app, api_key(self.container, "boss", "admin"))
        self.gowa = gowa

    def close(self) -> None:
        self.container.close()

    # What people do

    def device(
        self,
        name: str = "Sales 1",
        pace: tuple[float, float] = (0, 0),
        *,
        behind: FakeGowa | None = None,
        **more: Any,
    ) -> str:
        """The id of a new number, logged in and connected; its gateway, the office's own unless it
        is ``behind`` another, calls it by its name."""
        gowa = behind or self.gowa
        gowa.devices[name] = "logged_in"
        made = self.api.create(
            "/devices",
            {
                "name": name,
                "gateway": "gowa",
                "settings": {"base_url": gowa.url, "device_id": name},
                "credentials": CREDENTIALS,
                "min_delay_seconds": pace[0],
                "max_delay_seconds": pace[1],
                **more,
            },
        )
        assert self.api.post(f"/devices/{made['id']}/connect").status == 200
        return str(made["id"])

    def leads(self, count: int, *, first: int = 1, **columns: object) -> None:
        """Imports leads by CSV; every one has the same columns but for the phone, and is called
        ``Lead 1`` and so on."""
        header = ",".join(["phone", "name", *columns])
        rows = (
            ",".join([phone(number), f"Lead {number}", *map(str, columns.values())])
            for number in range(first, first + count)
        )
        status, answer = self.api.csv("\n".join([header, *rows, ""]))
        assert (status, answer["registered"]) == (200, count), answer

    def campaign(self, **fields: Any) -> str:
        """The id of a campaign for everybody, due a minute ago, which goes on whatever fails."""
        given: dict[str, Any] = {"name": "Offer", "body": "Hi {name}", "brake": None}
        given["scheduled_at"] = "2026-01-01T09:00Z"
        return str(self.api.create("/campaigns", {**given, **fields})["id"])

    # What processes do

    def running(self, *names: str, **settings: object) -> AbstractContextManager[processes.Child]:
        """``sendtrail run`` with those runners, until the block ends at the latest."""
        return processes.running("run", *names, **{**self.settings, **settings})

    def once(self, *names: str, **settings: object) -> processes.Result:
        """``sendtrail run --once`` with those runners, to its end, however that is."""
        return processes.sendtrail("run", *names, "--once", **{**self.settings, **settings})

    def works_until_done(self, seconds: float = 60.0, **settings: object) -> None:
        """All runners, until no message is on its way any more."""
        with self.running(**settings) as runners:
            runners.says("runners.started")  # before that a signal is not handled
            try:
                then.soon(self.is_done, seconds)
            except AssertionError:
                raise AssertionError(self.counts(), runners.lines[-20:]) from None
            assert runners.ends(signal.SIGTERM) == 0, runners.lines

    # What can be seen

    def is_done(self) -> bool:
        """Whether campaigns are finished and no message is waiting or on its way."""
        counts = self.counts()
        return not any(counts[status] for status in ("pending", "processing", "queued")) and all(
            campaign.status in ("finished", "cancelled")
            for campaign in then.table(self.container, "campaigns")
        )

    def counts(self, device: str | None = None) -> Counter[str]:
        """Messages by status; all, or those of one device."""
        with self.container.database.transaction() as connection:
            found = rows(
                connection,
                "SELECT status, count(*) FROM broadcast_messages"
                " WHERE %(device)s::uuid IS NULL OR device_id = %(device)s::uuid GROUP BY 1",
                device=device,
            )
        return Counter(dict(map(tuple, found)))

    def received(self, number: int) -> list[str]:
        """The texts that lead ``number`` was sent, in that order."""
        return [asked.text for asked in self.gowa.taken if f"+{asked.phone}" == phone(number)]

    def twice(self) -> list[tuple[str, str]]:
        """Whom the gateway took the same text for more than once; it can have been no retry."""
        times = Counter((asked.phone, asked.text) for asked in self.gowa.taken)
        return [key for key, count in times.items() if count > 1]

    def proves_itself(self) -> None:
        """The views are what the events say, and no stream has a gap."""
        assert not any(rebuild(self.container.database).values())
        assert then.gaps(self.container) == []
