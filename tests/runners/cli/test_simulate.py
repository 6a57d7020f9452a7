"""``sendtrail simulate``: what would happen, on a copy, and nothing of it does."""

from __future__ import annotations

import json
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from domain.hosts import parse_allowed
from projections.container import Container
from runners.support.clocks import SimulatedClock, SystemClock
from tests.support import given, then
from tests.support.echo import echoing
from tests.support.processes import Child, fresh

HOST = "127.0.0.1"


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where copies are made."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_what_is_planned_is_played_on_a_copy_and_no_gateway_hears_of_it(
    container: Container, clock: SimulatedClock, database_url: str, scratch: Path
) -> None:
    """A sequence, a campaign of tomorrow, a device that is off: sent by day, and what waits."""
    given.settings(container, allow_private_hosts=parse_allowed(HOST))
    clock.move_to(SystemClock()())
    with echoing() as gateway:
        url = {"base_url": gateway.url}
        on = given.device(container, "On", gateway="gowa", settings=url)
        off = given.device(container, "Off", gateway="gowa", settings=url, online=False)
        given.many_leads(container, 5, ["COLD"], device_id=on)
        given.many_leads(container, 2, first=11, device_id=off)
        sequence = given.sequence(container, "COLD", ["One", "Two"])
        campaign = given.campaign(container, at=clock() + timedelta(hours=30))
        before = then.count(container.database)

        result = fresh(
            "simulate", "--days", "3", "--json", database_url=database_url, allow_private_hosts=HOST
        )

        assert (result.returncode, result.stderr) == (0, "")
        assert gateway.heard == {}
    played = json.loads(result.stdout)
    sent = {"campaign": {}, "sequence": {}}
    for row in played["days"]:
        kind = "campaign" if row["campaign_id"] else "sequence"
        sent[kind][row["day"]] = (row["device"], row["sent"], row["failed"])
    days = [(clock() + timedelta(days=day)).date().isoformat() for day in range(3)]
    assert sent["sequence"] == {days[0]: ("On", 5, 0), days[1]: ("On", 5, 0)}
    assert list(sent["campaign"].values()) == [("On", 5, 0)]
    assert {row["sequence_id"] or row["campaign_id"] for row in played["days"]} == {
        str(sequence),
        str(campaign),
    }
    assert played["position"] == before
    assert (played["before"]["sent"], played["after"]["sent"]) == (0, 15)
    assert played["waiting"]["by_reason"] == {"device_offline": 2}
    assert then.count(container.database) == before
    assert then.messages(container) == []
    assert list(scratch.glob("sendtrail-copy-*")) == []


def test_a_copy_does_not_outlive_its_process(
    container: Container, database_url: str, scratch: Path
) -> None:
    """SIGTERM deletes it at once; after SIGKILL the next one does."""
    given.device(container)
    given.many_leads(container, 100, ["COLD"])
    given.sequence(container, "COLD")

    def copies() -> list[Path]:
        return list(scratch.glob("sendtrail-copy-*/postgresql/postmaster.pid"))

    killed = Child("simulate", database_url=database_url)
    then.soon(copies, 60)
    killed.ends(signal.SIGKILL)
    told = Child("simulate", database_url=database_url)
    left = copies()
    then.soon(lambda: copies() and copies() != left, 60)
    code = told.ends(signal.SIGTERM)

    assert left
    assert code == 128 + signal.SIGTERM
    assert list(scratch.glob("sendtrail-copy-*")) == []
