"""All runners in a process of their own: stopped in good order, killed, and started again."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator

import pytest

from projections.config.settings import Settings
from projections.container import Container
from tests.support import given, then, when
from tests.support.api.given import SECRET_KEY
from tests.support.processes import fresh, running

# Looks often; sees far ahead, and looks sooner only when there is news.
QUICK = {"broadcast_every": 0.2, "reap_every": 0.2}
FAR_SIGHTED = {"broadcast_every": 60, "lease_seconds": 0.3}


@pytest.fixture
def container(database_url: str) -> Iterator[Container]:
    """The application at the system's time, which is that of the processes."""
    with Container(Settings(database_url=database_url, secret_key=SECRET_KEY)) as opened:
        yield opened


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_runner_that_is_told_to_stop_ends_in_good_order(
    container: Container, database_url: str, number: int
) -> None:
    """What is in flight ends and is recorded, what is claimed is released, the exit code is 0."""
    slow = given.device(container, "Slow", pace=(50, 50))
    far = given.device(container, "Far", settings={"latency_ms": 1000})
    given.many_leads(container, 3, device_id=slow)
    given.many_leads(container, 1, first=11, device_id=far)
    given.campaign(container)

    with running("run", database_url=database_url, **FAR_SIGHTED) as child:
        then.soon(
            lambda: (
                then.statuses(container, device_id=slow)
                == {"sent": 1, "processing": 1, "pending": 1}
            )
        )
        then.soon(lambda: then.statuses(container, device_id=far) == {"queued": 1})
        code = child.ends(number)

    assert code == 0
    assert then.statuses(container, device_id=far) == {"sent": 1}
    assert then.statuses(container, device_id=slow) == {"sent": 1, "pending": 2}
    assert [e.reason for e in then.events(container, "message.released")] == ["worker stopped"]
    assert not any("Traceback" in line for line in child.lines)


def test_after_a_kill_another_sends_everything_exactly_once(
    container: Container, database_url: str
) -> None:
    """Killed while it held claims whose slots were still to come."""
    devices = [given.device(container, f"Sales {n}", pace=(1, 1)) for n in (1, 2, 3)]
    for number, device in enumerate(devices):
        given.lead(container, 10 * number + 1, device_id=device, niche=["FIRST"])
        given.many_leads(container, 2, first=10 * number + 2, device_id=device, niche=["THEN"])

    with running("run", "broadcaster", database_url=database_url, **FAR_SIGHTED) as killed:
        killed.says("runners.started")
        given.campaign(container, niche=("FIRST",))
        when.triggers(container)
        then.soon(lambda: then.statuses(container) == {"sent": 3})
        given.campaign(container, niche=("THEN",))
        when.triggers(container)
        then.soon(lambda: then.statuses(container) == {"sent": 3, "processing": 6})
        killed.ends(signal.SIGKILL)
    assert then.statuses(container) == {"sent": 3, "processing": 6}

    with running("run", "broadcaster", "reaper", database_url=database_url, **QUICK) as another:
        then.soon(lambda: then.statuses(container) == {"sent": 9})
        code = another.ends(signal.SIGTERM)

    assert code == 0
    queued = Counter(e.originator_id for e in then.events(container, "message.queued"))
    assert set(queued.values()) == {1}
    assert [e.reason for e in then.events(container, "message.released")] == ["lease ended"] * 6


def test_a_fault_in_one_runner_ends_neither_the_process_nor_the_others(
    container: Container, database_url: str
) -> None:
    """It is logged and tried again, and whoever asks sees it."""
    given.device(container)
    given.lead(container, triggers=["COLD"])
    given.sequence(container)
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "ALTER TABLE sequences ALTER COLUMN trigger_key TYPE int USING 0"
        )

    with running("run", database_url=database_url, campaign_every=0.2) as child:
        child.says("runner.failed")
        given.campaign(container)
        then.soon(lambda: then.statuses(container) == {"sent": 1})
        (process,) = then.table(container, "runner_processes")
        code = child.ends(signal.SIGTERM)

    assert code == 0
    assert "enroller" in process.runners
    assert then.table(container, "runner_processes") == []


def test_one_look_each_and_an_end(container: Container, database_url: str) -> None:
    """``run --once`` says how much each runner did."""
    given.device(container, online=False)
    given.many_leads(container, 2, ["COLD"])
    given.sequence(container, first_delay_minutes=0)
    given.campaign(container)

    result = fresh("run", "--once", database_url=database_url, log_level="ERROR")

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "monitor: 1",
        "receiver: 0",
        "enroller: 2",
        "campaigner: 2",
        "broadcaster: 4",
        "reaper: 1",
        "notary: 35",
        "notifier: 0",
    ]
    assert then.statuses(container) == {"sent": 4, "pending": 4}
