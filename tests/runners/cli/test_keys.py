"""sendtrail keys: made, listed and revoked on the command line."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator

import pytest
import structlog
from click.testing import CliRunner, Result
from flask import Flask

from projections.config.settings import Settings
from projections.container import Container
from runners.cli.main import main
from tests.support import given
from tests.support.api import then
from tests.support.api.client import Client
from tests.support.api.given import OTHER_KEY, SECRET_KEY
from tests.support.processes import environment

Command = Callable[..., Result]


@pytest.fixture
def sendtrail(database_url: str) -> Iterator[Command]:
    """Runs ``sendtrail`` with these arguments on the test's database."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, env=environment(database_url=database_url))

    yield run
    structlog.reset_defaults()  # the command's logs went to a stream that is closed now


def test_a_key_is_printed_alone_on_the_last_line_and_works(
    sendtrail: Command, app: Flask, container: Container
) -> None:
    """``KEY=$(sendtrail keys create crm --role operator | tail -n 1)``"""
    result = sendtrail("keys", "create", "crm", "--role", "operator")

    assert result.exit_code == 0
    *words, key = result.stdout.splitlines()
    assert words == ["key crm of role operator; keep it, it cannot be shown again:"]
    assert Client(app, key).post("/leads", {"phone": "+60123456789"}).status == 201
    user = f"cli:{getpass.getuser()}"
    assert [(event.topic, event.actor) for event in then.log(container)] == [
        ("access.key_created", user),
        ("lead.registered", "api:crm"),
    ]


def test_the_list_never_shows_a_key(sendtrail: Command, app: Flask) -> None:
    """What there is, of which role, and when it was used; the keys themselves are gone."""
    keys = [
        sendtrail("keys", "create", name, "--role", role).stdout.splitlines()[-1]
        for name, role in (("dashboard", "viewer"), ("crm", "operator"))
    ]
    Client(app, keys[0]).get("/leads")

    result = sendtrail("keys", "list")

    assert result.exit_code == 0
    assert not any(key.removeprefix("st_")[:8] in result.output for key in keys)
    lines = [line.split("│") for line in result.stdout.splitlines() if "│" in line]
    cells = [[cell.strip() for cell in line[1:-1]] for line in lines]
    assert [(name, role, used, revoked) for name, role, _, used, revoked in cells] == [
        ("crm", "operator", "never", "never"),
        ("dashboard", "viewer", "2026-03-02 08:00", "never"),
    ]


def test_a_revoked_key_opens_nothing_and_keeps_its_name(sendtrail: Command, app: Flask) -> None:
    """A name in the log is one key for ever: nobody else gets it later."""
    key = sendtrail("keys", "create", "crm", "--role", "operator").stdout.splitlines()[-1]

    revoked = sendtrail("keys", "revoke", "crm")
    again = sendtrail("keys", "create", "crm", "--role", "operator")

    assert (revoked.exit_code, revoked.stdout) == (0, "revoked crm\n")
    assert Client(app, key).get("/leads").status == 401
    assert (again.exit_code, again.stderr) == (
        1,
        "Error: this name belonged to a key that was revoked: crm\n",
    )


def test_bad_names_and_roles_are_one_line(sendtrail: Command, container: Container) -> None:
    """What was expected, and an exit code that a script sees."""
    results = [
        sendtrail("keys", "create", "", "--role", "viewer"),
        sendtrail("keys", "create", "a;b", "--role", "viewer"),
        sendtrail("keys", "create", "crm", "--role", "root"),
        sendtrail("keys", "create", "crm"),
        sendtrail("keys", "revoke", "nobody"),
        sendtrail("keys", "create", "boss\u200b", "--role", "admin"),
    ]

    assert [result.exit_code for result in results] == [1, 1, 2, 2, 1, 1]
    expected = "Error: name: expected 1 to 100 letters and digits of ASCII"
    assert results[0].stderr.startswith(expected)
    assert results[1].stderr.startswith(expected)
    assert "'viewer', 'operator', 'admin'" in results[2].stderr
    assert results[4].stderr == "Error: no key nobody\n"
    assert results[5].stderr.startswith(expected)
    assert then.table(container, "api_keys") == []


def test_a_new_secret_key_is_printed_alone_on_the_last_line(
    sendtrail: Command, container: Container
) -> None:
    """``KEY=$(sendtrail keys rotate-secret | tail -n 1)``"""
    given.many_leads(container, 3, name="Aisyah")

    result = sendtrail("keys", "rotate-secret")

    assert result.exit_code == 0
    words, key = result.stdout.splitlines()
    assert words == "the new secret key, in force if this command ends well; keep a copy of it:"
    assert result.stderr == (
        "encrypted anew: 3 keys of leads, 0 credentials and secrets;"
        " the new key is needed from now on\n"
    )
    url = container.database.url
    with Container(Settings(database_url=url, secret_key=key)) as anew:
        lead = anew.outreach.get_lead(anew.outreach.lead_id(given.phone(1)))
    assert lead.profile.name == "Aisyah"
    noted = then.log(container)[-1]
    assert (noted.topic, noted.actor) == ("access.secret_rotated", f"cli:{getpass.getuser()}")


def test_a_secret_key_that_is_given_is_not_repeated(
    sendtrail: Command, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a good one nor the one that there is already."""
    given.lead(container)
    answers = [
        CliRunner().invoke(
            main,
            ["keys", "rotate-secret"],
            env=environment(database_url=container.database.url, new_secret_key=key),
        )
        for key in (SECRET_KEY, "hunter2", OTHER_KEY)
    ]

    assert [answer.exit_code for answer in answers] == [1, 1, 0]
    assert [answer.stdout for answer in answers] == ["", "", ""]
    for answer in answers:
        assert not any(key in answer.output for key in (SECRET_KEY, "hunter2", OTHER_KEY))
    assert "SENDTRAIL_NEW_SECRET_KEY: expected another key than the present" in answers[0].stderr
    assert "SENDTRAIL_NEW_SECRET_KEY: expected" in answers[1].stderr
