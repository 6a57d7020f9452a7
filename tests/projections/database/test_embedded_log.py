"""The bundled PostgreSQL's own log: what went wrong, and about nobody."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from eventsourcing.persistence import IntegrityError
from sqlalchemy.exc import DBAPIError

from domain import lead
from domain.application.registration import Registration
from projections.config.settings import Settings
from projections.container import Container
from projections.database import bundled_files, embedded
from projections.database.engine import rows
from tests.support import then
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.support.api.given import api_key
from tests.support.bundled import answers, asked, processes_of, user

PHONE, NAME = "+60123456789", "Aisyah"
LIMIT = 120
# How many of these a new session has: somebody's own setting, and ours, of which one is usual.
AS_SET = """
SELECT count(*) FROM pg_settings WHERE (name, setting) IN (('work_mem', '5120'),
    ('log_min_error_statement', 'panic'), ('log_parameter_max_length_on_error', '0'),
    ('log_error_verbosity', 'terse'))
"""


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        yield Path(folder)
        embedded.stop(Path(folder))


@pytest.fixture
def container(home: Path) -> Iterator[Container]:
    """The application on a bundled server of its own."""
    with Container(Settings(home=home)) as opened:
        yield opened


def log(home: Path) -> str:
    return (home / "postgresql" / "log").read_text()


def test_what_people_send_makes_no_error_in_it(container: Container, home: Path) -> None:
    """A phone that is known, a text with a NUL, and what is no JSON."""
    client = Client(application(container), api_key(container, "crm", "operator"))
    person = {"phone": PHONE, "name": NAME}
    given = client.create("/leads", person)["id"]

    known = [client.post("/leads", person, idempotency_key=key) for key in (None, "1", "1")]
    imported = client.csv(f"phone,name\n{PHONE},{NAME}\n")
    with_nul = client.post("/leads", {"phone": "+60123456780", "name": f"{NAME}\0"})
    no_json = client.json(
        "POST", "/leads", data='{"name": "' + NAME, content_type="application/json"
    )

    assert [(answer.status, answer.json["errors"]["id"]) for answer in known] == [(409, given)] * 3
    assert (imported.json["registered"], imported.json["known"]) == (0, 1)
    assert (with_nul.status, no_json.status) == (422, 400)
    assert "ERROR" not in log(home)


def test_its_errors_name_nobody(container: Container, home: Path) -> None:
    """A race for a phone, a text that is no JSON, a process that was killed: PostgreSQL would tell
    the values, the line and the statement."""
    outreach = container.outreach
    new = [(outreach.lead_id(PHONE), Registration(PHONE, (), lead.profile(name=NAME)))]
    with container.database.transaction() as connection:
        outreach.import_leads(connection, new, (), actor="test")

    with pytest.raises(IntegrityError), container.database.transaction() as connection:
        outreach.import_leads(connection, new, (), actor="test")
    with pytest.raises(DBAPIError), container.database.transaction() as connection:
        rows(connection, "SELECT %(text)s::jsonb", text='{"name": ' + f"{NAME} {PHONE}")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        asked(
            container.database.url,
            "CREATE TABLE phones (phone text PRIMARY KEY);"
            f"INSERT INTO phones VALUES ('{PHONE}'), ('{PHONE}')",
        )
    statement = threading.Thread(target=is_cut_off, args=(container.database.url,))
    statement.start()
    killed = then.soon(lambda: working(container), LIMIT)
    os.kill(killed, signal.SIGKILL)
    statement.join()
    then.soon(lambda: "signal 9" in log(home) and answers(container.database.url), LIMIT)

    for told in ("duplicate key value", "invalid input syntax for type json"):
        assert told in log(home)
    assert NAME not in log(home)
    assert PHONE.removeprefix("+") not in log(home)


def is_cut_off(url: str) -> None:
    with pytest.raises(psycopg2.Error):
        asked(url, f"SELECT count(*) FROM pg_sleep(3600), (VALUES ('{NAME} {PHONE}')) v")


def working(container: Container) -> int | None:
    """The process of the server that sleeps."""
    with container.database.transaction() as connection:
        found = rows(
            connection,
            "SELECT pid FROM pg_stat_activity"
            " WHERE state = 'active' AND wait_event = 'PgSleep' AND pid <> pg_backend_pid()",
        )
    return int(found[0].pid) if found else None


def test_a_server_of_an_earlier_version_learns_it_while_it_runs(home: Path) -> None:
    """Nobody has to stop it, and it keeps the settings that somebody gave it."""
    settings = home / "postgresql" / "postgresql.conf"
    with user(home) as first:
        made = settings.read_text()
        settings.write_text(made.replace(bundled_files.PRIVATE, "work_mem = 5MB\n"))
        processes_of(home)[0].send_signal(signal.SIGHUP)
        then.soon(lambda: asked(first.url, AS_SET) == 2, LIMIT)

        with user(home), user(home):
            then.soon(lambda: asked(first.url, AS_SET) == 4, LIMIT)

    assert made.count(bundled_files.PRIVATE) == 1
    assert settings.read_text() == made.replace(
        bundled_files.PRIVATE, f"work_mem = 5MB\n{bundled_files.PRIVATE}"
    )
