"""``sendtrail simulate``: what would happen, on a copy, and nothing of it does."""

from __future__ import annotations

import json
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

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


def test_a_share_of_the_people_replies(
    container: Container, clock: SimulatedClock, database_url: str, scratch: Path
) -> None:
    """Whatever gateway their device has: who replied gets no further step. The same seed gives the
    same days."""
    clock.move_to(SystemClock()())
    gowa = given.device(container, "Gowa", gateway="gowa")
    sandbox = given.device(container, "Sandbox")
    given.many_leads(container, 30, ["COLD"], device_id=gowa)
    given.many_leads(container, 30, ["COLD"], first=31, device_id=sandbox)
    given.sequence(container, "COLD", ["One", "Two"])

    def played(*options: str) -> Any:
        asked = ("simulate", "--days", "3", "--json", *options)
        return json.loads(fresh(*asked, database_url=database_url).stdout)

    quiet, first = played(), played("--replies", "50")
    again, all_ = played("--replies", "50", "--seed", "1"), played("--replies", "100")

    assert (quiet["after"]["sent"], quiet["replied"], quiet["opted_out"]) == (120, 0, 0)
    assert 60 < first["after"]["sent"] < 120
    assert 0 < first["opted_out"] < first["replied"]
    assert (again["after"], again["replied"]) == (first["after"], first["replied"])
    # Everybody is written to once, and replies, on either gateway.
    assert (all_["after"]["sent"], all_["replied"]) == (60, 60)
    assert then.messages(container) == []


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
