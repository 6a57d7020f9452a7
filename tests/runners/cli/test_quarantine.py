"""``sendtrail audit quarantine`` and ``sendtrail status``, for those who have only a shell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import UUID

import pytest

from projections.config.settings import Settings
from projections.container import Container
from projections.records.incidents import WENT_BACK
from runners.cli import quarantine
from tests.support import given, then, when
from tests.support.api.given import SECRET_KEY
from tests.support.api.webhooks import reply
from tests.support.operations import incident, process, quarantined
from tests.support.processes import sendtrail

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))


@pytest.fixture
def now(database_url: str) -> Iterator[Container]:
    """The application at the system's time, which is that of the commands."""
    with Container(Settings(database_url=database_url, secret_key=SECRET_KEY)) as opened:
        yield opened


def listed(database_url: str, *options: str) -> list[str]:
    result = sendtrail("audit", "quarantine", "list", *options, database_url=database_url)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.splitlines()


def released(database_url: str, what: object) -> tuple[int, str]:
    result = sendtrail("audit", "quarantine", "release", what, database_url=database_url)
    return result.returncode, (result.stdout or result.stderr).strip()


def test_everything_is_listed_with_its_reason(container: Container, database_url: str) -> None:
    """One line each, whatever a reason is made of."""
    nothing = listed(database_url)
    quarantined(container, "message", ONE, lost=True)
    quarantined(container, "event", TWO, event=42, reason="no such\nfield\x1b[2J")

    assert nothing == ["nothing is in quarantine"]
    assert listed(database_url) == [
        f"event {TWO}, event 42, since 2026-03-02 08:00:00 UTC, by enroller:"
        r" no such\nfield\x1b[2J",
        f"message {ONE}, since 2026-03-02 08:00:00 UTC, by enroller: a field is missing"
        " (recorded by itself as soon as it can be)",
    ]
    assert [line.split()[0] for line in listed(database_url, "--kind", "event")] == ["event"]
    assert listed(database_url, "--kind", "lead") == ["nothing is in quarantine"]


def test_programs_get_json(container: Container, database_url: str) -> None:
    """The same fields as from the API, and no line where nothing is."""
    nothing = listed(database_url, "--json")
    quarantined(container, "event", TWO, event=42)

    (line,) = listed(database_url, "--json")

    assert nothing == []
    assert json.loads(line) == {
        "kind": "event",
        "id": str(TWO),
        "notification_id": 42,
        "runner": "enroller",
        "reason": "a field is missing",
        "since": "2026-03-02T08:00:00Z",
        "waits_to_be_recorded": False,
    }


def test_a_long_list_is_whole(container: Container, database_url: str) -> None:
    """It is longer than a page."""
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO quarantine SELECT 'lead', gen_random_uuid(), 0, 'enroller', 'no', %(now)s"
            " FROM generate_series(1, %(count)s)",
            {"now": container.outreach.clock(), "count": 2 * quarantine.PAGE + 1},
        )

    lines = listed(database_url)

    assert len(set(lines)) == len(lines) == 2 * quarantine.PAGE + 1


def test_a_person_releases_by_id_or_by_the_number_of_an_event(
    container: Container, database_url: str
) -> None:
    for number in (7, 8, 9):
        quarantined(container, "event", ONE, event=number)
    quarantined(container, "lead", TWO)

    answers = [released(database_url, what) for what in (8, ONE, TWO)]

    assert answers == [(0, "released 1"), (0, "released 2"), (0, "released 1")]
    assert then.table(container, "quarantine") == []


def test_what_cannot_be_released_is_said_in_one_line(
    container: Container, database_url: str
) -> None:
    """Nothing of that id or number, no id at all, or a dispatch that would be sent again."""
    quarantined(container, "message", ONE, lost=True)

    answers = [released(database_url, what) for what in (TWO, 8, 0, "it", ONE)]

    neither = (1, "Error: ID: expected a UUID, or the number of an event")
    assert answers == [
        (1, f"Error: no entry in quarantine {TWO}"),
        (1, "Error: no entry in quarantine of event 8"),
        neither,
        neither,
        (
            1,
            "Error: cannot release this message: it is handed over already, and recorded by itself"
            " as soon as it can be",
        ),
    ]
    assert then.count(container.database, "quarantine") == 1


def test_status_says_who_runs_and_what_is_wrong(now: Container, database_url: str) -> None:
    """A table of the runners, then a line for each thing that a person should know."""
    process(
        now,
        "host:1",
        "enroller",
        "reaper",
        working=("reaper",),
        failing={"enroller": [ValueError(), KeyError()]},
    )
    quarantined(now, "lead", ONE)
    incident(now, WENT_BACK, "host:1", end=12, seen=15)

    result = sendtrail("status", database_url=database_url)

    assert (result.returncode, result.stderr) == (0, "")
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert "Runner processes: 1 alive, 0 silent" in lines
    (enroller,) = (line for line in lines if "│ enroller" in line)
    (reaper,) = (line for line in lines if "│ reaper" in line)
    cells = [cell.strip() for cell in enroller.strip("│").split("│")]
    assert cells == ["host:1", "alive", "enroller", "not yet", "2 in a row: KeyError"]
    assert f"{now.outreach.clock():%Y-%m-%d}" in reaper
    assert lines[-3:-1] == [
        "enroller of host:1 failed 2 times in a row: KeyError",
        "1 lead is in quarantine: sendtrail audit quarantine list --kind lead",
    ]
    assert lines[-1].startswith("the database went back, noticed at ")


def test_status_says_what_waits_and_what_is_of_nobody(now: Container, database_url: str) -> None:
    """The first is warned of, the last line is only said."""
    device = given.device(now, gateway="gowa")
    when.tells(now, "gowa", device, reply("gowa", given.phone(1), "Who is this?", "3EB0R1"))

    waiting = sendtrail("status", database_url=database_url).stdout.splitlines()
    when.receives(now)
    recorded = sendtrail("status", database_url=database_url).stdout.splitlines()

    assert waiting[-1].startswith("1 webhook waits to be recorded, the oldest since ")
    assert waiting[-1].endswith(" UTC: no receiver is alive")
    assert recorded[-2:] == [
        "Runner processes: none alive",
        "1 reply of the last 30 days is of nobody known: GET /api/v1/replies?attributed=false",
    ]


def test_status_warns_if_nobody_sends(now: Container, database_url: str) -> None:
    given.due_messages(now)

    lines = sendtrail("status", database_url=database_url).stdout.splitlines()

    assert "Runner processes: none alive" in lines
    assert lines[-1] == "no runner process is alive"
