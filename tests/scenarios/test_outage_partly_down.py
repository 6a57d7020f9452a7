"""Beyond the list: "The database was there, but it took nothing any more." Its disk is full, it has
no connection left, it can only be read, or it cancels what takes long."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

import psycopg2
import pytest

from projections.database import faults
from tests.support import servers, then
from tests.support.api.given import phone
from tests.support.gateways.fake_gowa import Behaviour, FakeGowa
from tests.support.office import Office
from tests.support.processes import Child, sendtrail
from tests.support.servers import Server

Disk = Path | None

# Leads that were there before, whose messages are on their way.
LEADS = 60
STEPS = [{"body": "One", "delay_hours": 0}, {"body": "Two", "delay_hours": 0}]


@pytest.fixture(scope="module")
def disk() -> Iterator[Disk]:
    """A small one, if this user may make it."""
    made = servers.small_disk(128)
    try:
        folder = made.__enter__()
    except OSError:
        yield None
        return
    try:
        yield folder
    finally:
        made.__exit__(None, None, None)


@pytest.fixture(scope="module")
def server(disk: Disk) -> Iterator[Server]:
    """On that disk, with a role that has no privileges."""
    with servers.running(inside=disk) as started:
        started.ask("CREATE ROLE app LOGIN")
        yield started


@pytest.fixture
def office(server: Server, gowa: FakeGowa) -> Iterator[Office]:
    server.ask("DROP DATABASE IF EXISTS office WITH (FORCE)")
    server.ask("CREATE DATABASE office OWNER app")
    opened = Office(f"postgresql://app@127.0.0.1:{server.port}/office", gowa)
    yield opened
    opened.close()


@contextmanager
def full_disk(server: Server, disk: Disk) -> Iterator[None]:
    """A file takes all the space that is left."""
    assert disk is not None
    filler = disk / "filler"
    try:
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        assert shutil.disk_usage(disk).free == 0
        yield
    finally:
        filler.unlink()


@contextmanager
def changed(server: Server, change: str, back: str) -> Iterator[None]:
    """What new sessions find; the old ones are ended."""
    server.ask(change)
    server.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
    try:
        yield
    finally:
        server.ask(back)


def no_connection(server: Server, disk: Disk) -> AbstractContextManager[None]:
    return changed(
        server, "ALTER ROLE app CONNECTION LIMIT 0", "ALTER ROLE app CONNECTION LIMIT -1"
    )


def read_only(server: Server, disk: Disk) -> AbstractContextManager[None]:
    setting = "ALTER DATABASE office SET default_transaction_read_only"
    return changed(server, f"{setting} = on", f"{setting} = off")


@contextmanager
def cancelled(server: Server, disk: Disk) -> Iterator[None]:
    """Somebody holds what everybody writes, and whoever waits too long is cancelled."""
    url = f"postgresql://postgres@127.0.0.1:{server.port}/office"
    setting = "ALTER DATABASE office SET statement_timeout"
    with closing(psycopg2.connect(url)) as holder, holder.cursor() as cursor:
        cursor.execute("LOCK TABLE leads, broadcast_messages IN EXCLUSIVE MODE")
        with changed(server, f"{setting} = '500ms'", f"{setting} = 0"):
            yield
    # What was opened meanwhile would be cancelled for ever.
    server.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")


Trouble = Callable[[Server, Disk], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("trouble", "meaning"),
    [
        (full_disk, faults.DISK_FULL),
        (no_connection, faults.NO_CONNECTION),
        (read_only, faults.READ_ONLY),
        (cancelled, faults.BUSY),
    ],
)
def test_a_database_that_takes_nothing_costs_nobody_anything(
    office: Office, server: Server, disk: Disk, tmp_path: Path, trouble: Trouble, meaning: str
) -> None:
    """A campaign and a sequence on their way. The API says what is the matter and when to ask
    again, a command says it in one line, the runners wait; afterwards all go on."""
    if trouble is full_disk and disk is None:
        pytest.skip("this user may not mount a small disk, which is then filled")
    office.gowa.behave = lambda asked: Behaviour(seconds=0.02)
    for number in range(10):
        office.device(f"Sales {number}", (0.1, 0.1))
    sequence = {"name": "Cold", "trigger": "COLD", "first_delay_minutes": 0, "steps": STEPS}
    made = office.api.create("/sequences", sequence)
    office.api.post(f"/sequences/{made['id']}/activate")
    office.leads(LEADS, triggers="COLD")
    office.campaign(body="Offer")
    new = NewLeads(office)
    late = tmp_path / "late.csv"
    late.write_text("phone\n" + "".join(f"{phone(n)}\n" for n in range(20_001, 20_301)))
    command = ("import", late)

    with office.running(gateway_timeout=60) as runners:
        runners.says("runners.started")
        then.soon(lambda: office.counts()["sent"] >= 5, 60)
        since = len(runners.lines)
        with trouble(server, disk):
            then.soon(lambda: new.register() == f"{meaning}; try again", 60)
            told = sendtrail(*command, **office.settings)
            then.soon(lambda: waits(runners, since), 60)

        then.soon(lambda: new.register() == "registered", 60)
        then.soon(office.is_done, 120)
        assert runners.ends(signal.SIGTERM) == 0, runners.lines[-20:]
    done = sendtrail(*command, **office.settings)

    assert (told.returncode, len(told.stderr.splitlines())) == (1, 1), told
    assert told.stderr.startswith(f"Error: {meaning}: ")
    assert done.returncode == 0, done
    counts = office.counts()
    # A commit whose answer was cut off may have been one: nobody sends again then.
    assert counts["sent"] + counts["unknown"] == counts.total() >= 3 * LEADS
    assert counts["sent"] == len(office.gowa.taken)
    assert office.twice() == []
    with office.container.database.transaction() as connection:
        (leads,) = connection.exec_driver_sql("SELECT count(*) FROM leads").one()
    assert leads == LEADS + new.count + 300
    office.proves_itself()


class NewLeads:
    """Leads that somebody registers one after the other, each until it is there."""

    def __init__(self, office: Office) -> None:
        self.api = office.api
        self.count = 0

    def register(self) -> str:
        """Tries the next one once: ``registered``, or why that cannot be done now."""
        response = self.api.open(
            "POST",
            "/leads",
            json={"phone": phone(LEADS + self.count + 1)},
            headers={"Idempotency-Key": f"lead {self.count}"},
        )
        body = response.get_json()
        if response.status_code == 201:
            self.count += 1
            return "registered"
        assert (body["code"], body["status"]) == (503, "Service Unavailable")
        assert response.headers["Retry-After"] == "5"
        return str(body["message"])


def waits(runners: Child, since: int) -> bool:
    """Whether a runner said, from that line on, that it waits; and none has ended."""
    assert runners.process.poll() is None, runners.lines[-20:]
    return any("runner.waits" in line for line in runners.lines[since:])
