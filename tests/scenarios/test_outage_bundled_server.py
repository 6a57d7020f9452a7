"""Beyond the list: "The laptop killed the database that came with it, and nobody started it."

Nothing is installed here but the package: ``sendtrail serve`` and ``sendtrail run`` share the
bundled server of their home.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from projections.database import embedded
from projections.database.installation import BUNDLED, url_of
from tests.support import processes, then
from tests.support.api.given import SECRET_KEY, api_key
from tests.support.bundled import kill, processes_of
from tests.support.gateways.fake_gowa import Behaviour, FakeGowa
from tests.support.office import INTERVALS, Office
from tests.support.processes import Child, sendtrail
from tests.support.serve import Server, serving

# Seconds: PostgreSQL recovers from the crash first, on a machine that may be busy.
LIMIT = 120


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        yield Path(folder)
        embedded.stop(Path(folder))


class Laptop:
    """``serve`` and ``run`` on one home, an office that looks on, and an operator's key."""

    def __init__(self, home: Path, server: Server, gowa: FakeGowa) -> None:
        self.home = home
        self.server = server
        # This process looks on, and is no user of the server.
        self.url = url_of(embedded.url(home), BUNDLED)
        self.office = Office(self.url, gowa)
        self.key = api_key(self.office.container, "crm", "operator")

    @contextmanager
    def running(self) -> Iterator[Child]:
        with processes.running(
            "run", home=self.home, secret_key=SECRET_KEY, **{**INTERVALS, "gateway_timeout": 20}
        ) as child:
            child.says("runners.started")
            yield child

    def answers(self) -> bool:
        """Whether a worker of ``serve`` has the database again."""
        return self.server.ask("/api/v1/leads", self.key)[0] == 200

    def is_done(self) -> bool:
        try:
            return self.office.is_done()
        except DBAPIError:  # a connection of before
            return False


@contextmanager
def open_laptop(home: Path, gowa: FakeGowa) -> Iterator[Laptop]:
    with serving(None, home, "--workers", "2", secret_key=SECRET_KEY) as server:
        opened = Laptop(home, server, gowa)
        yield opened
        opened.office.close()


def test_a_killed_server_is_started_again_and_nothing_is_lost(home: Path, gowa: FakeGowa) -> None:
    """Twice in one campaign, with all its processes. Nobody has to do anything, and when the last
    has left, nothing runs."""
    gowa.behave = lambda asked: Behaviour(seconds=0.05)
    with open_laptop(home, gowa) as laptop, laptop.running() as run:
        office = laptop.office
        for number in range(6):
            office.device(f"Sales {number}", (0.2, 0.2))
        office.leads(90)
        office.campaign(body="Offer")
        for enough in (12, 36):
            then.soon(lambda n=enough: len(gowa.asked) >= n, LIMIT)
            before = processes_of(home)[0].pid
            kill(home)

            then.soon(laptop.answers, LIMIT)
            assert processes_of(home)[0].pid != before
            assert url_of(embedded.url(home), BUNDLED) == laptop.url
        then.soon(laptop.is_done, LIMIT)
        counts = office.counts()
        office.proves_itself()

        assert any("server.restarted" in line for line in (*run.lines, *laptop.server.lines))
        assert run.ends(signal.SIGTERM) == 0, run.lines[-20:]
        assert embedded.state(home) == "running"
        assert laptop.answers()
        assert laptop.server.ends(signal.SIGTERM) == 0, laptop.server.lines[-20:]

    # A dispatch may be committed while the server dies, and the worker does not hear of it: the
    # gateway is not called then, and the message becomes unknown rather than lost.
    assert counts["sent"] + counts["unknown"] == counts.total() == 90
    assert len(gowa.taken) == counts["sent"]
    assert office.twice() == []
    assert embedded.users(home) == []
    assert processes_of(home) == []


def test_db_stop_stops_it_for_a_moment_and_the_last_user_for_good(
    home: Path, gowa: FakeGowa
) -> None:
    """Whoever uses it starts it again, and other commands come and go meanwhile."""
    with open_laptop(home, gowa) as laptop:
        before = processes_of(home)[0].pid

        stop = sendtrail("db", "stop", home=home)
        status = sendtrail("status", home=home)

        assert (stop.stdout, stop.returncode) == ("stopped\n", 0)
        assert stop.stderr == "3 processes use it; serve and run start it again\n"
        assert status.returncode == 0, status.stderr
        then.soon(laptop.answers, LIMIT)
        assert processes_of(home)[0].pid != before
        then.soon(lambda: len(embedded.users(home)) == 3, LIMIT)
        assert laptop.server.ends(signal.SIGTERM) == 0, laptop.server.lines[-20:]

    assert embedded.users(home) == []
    assert processes_of(home) == []
