"""The command line: one clear line for every error, and never a secret in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import click
import pytest
from click.testing import CliRunner

from projections.container import Container
from projections.database.engine import Database
from projections.database.installation import url_of
from projections.schema.columns import READ_MODELS
from runners.cli.main import COMMANDS, main
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.processes import Result, each, fresh
from tests.support.when import Phones

NOWHERE = "postgresql://anna:s3cret@127.0.0.1:1/x"


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and every group, as it is typed."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, (*path, name))


@pytest.mark.parametrize("path", list(commands(main)), ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a setting is wrong: help is what one asks for then."""
    monkeypatch.setenv("SENDTRAIL_MAX_ATTEMPTS", "many")
    monkeypatch.setattr("sys.argv", ["sendtrail", *path, "--help"])

    result = CliRunner().invoke(main, [*path, "--help"], prog_name="sendtrail")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(" ".join(["Usage: sendtrail", *path]))


@pytest.mark.parametrize(("name", "listed"), [(n, text) for n, (_, text) in COMMANDS.items()])
def test_the_list_of_commands_says_what_their_own_help_says(name: str, listed: str) -> None:
    """The list is written without importing the commands."""
    command = main.get_command(click.Context(main), name)

    assert command is not None
    assert " ".join((command.help or "").split()).startswith(listed)


def test_help_is_there_before_anything_else_is(tmp_path: Path) -> None:
    """In a process of its own, whatever is wrong, and without a database being made."""
    result = fresh("import", "--help", max_attempts="many", home=tmp_path / "home")

    assert (result.returncode, result.stderr) == (0, "")
    assert "Columns: phone, name, niche" in result.stdout
    assert not (tmp_path / "home").exists()


BAD_SETTINGS = [
    ("broadcast_every", "soon", "SENDTRAIL_BROADCAST_EVERY: expected a number of seconds"),
    ("max_attempts", "0", "SENDTRAIL_MAX_ATTEMPTS: expected a whole number from 1 to 100"),
    ("default_region", "XX", "SENDTRAIL_DEFAULT_REGION: expected a two-letter country code"),
    (
        "stop_words",
        "fin,\U0001f64f",
        "SENDTRAIL_STOP_WORDS: expected words of at most 40 characters",
    ),
    ("consent_words", "setuju=Marketing", "SENDTRAIL_CONSENT_WORDS: expected WORD=PURPOSE"),
    (
        "allow_private_hosts",
        "gowa,http://s3cret",
        "SENDTRAIL_ALLOW_PRIVATE_HOSTS: expected host names, IP addresses and networks with commas",
    ),
    ("log_level", "loud", "SENDTRAIL_LOG_LEVEL: expected one of DEBUG, INFO, WARNING, ERROR"),
    ("database_url", "mysql://a:s3cret@h/x", "SENDTRAIL_DATABASE_URL: expected a URL such as"),
    ("database_url", "postgresql://a:s3cret@h:port/x", "SENDTRAIL_DATABASE_URL: expected a"),
    ("database_url", "postgresql://a:p@s3cret@h/x", "SENDTRAIL_DATABASE_URL: expected a"),
]


@pytest.fixture(scope="module")
def answers() -> list[Result]:
    """To the same command with each of the bad settings."""
    return each(*((["status"], {setting: value}) for setting, value, _ in BAD_SETTINGS))


@pytest.mark.parametrize("number", range(len(BAD_SETTINGS)), ids=[c[1] for c in BAD_SETTINGS])
def test_a_bad_setting_is_named_with_what_was_expected(answers: list[Result], number: int) -> None:
    """And without its value, which may hold a password."""
    result, (_, _, expected) = answers[number], BAD_SETTINGS[number]

    assert only_line(result.stderr).startswith(f"Error: {expected}")
    assert (result.returncode, result.stdout) == (1, "")
    assert "s3cret" not in result.stderr


def only_line(text: str) -> str:
    (line,) = text.splitlines()
    return line


def test_an_option_that_is_missing_is_one_line_with_its_choices() -> None:
    outcome = CliRunner().invoke(main, ["keys", "create", "zz"])

    assert outcome.exit_code == 2
    assert outcome.stderr.splitlines()[-1] == (
        "Error: Missing option '--role'. Choose from: viewer, operator, admin"
    )


def test_a_database_that_does_not_answer_is_one_line() -> None:
    """Where it was looked for, and never the password."""
    commands: list[list[object]] = [["status"], ["run"]]

    for result in each(*((command, {"database_url": NOWHERE}) for command in commands)):
        assert only_line(result.stderr).startswith(
            "Error: the database does not answer:"
            ' connection to server at "127.0.0.1", port 1 failed: Connection refused'
        )
        assert (result.returncode, result.stdout) == (1, "")
        assert "s3cret" not in result.stderr


def test_a_database_that_is_not_there_or_not_understood_is_one_line(server_url: str) -> None:
    """A typing error in the name, or an option that PostgreSQL does not know."""
    missing, strange = each(
        (["status"], {"database_url": url_of(server_url, "no_such_database")}),
        (["status"], {"database_url": f"{NOWHERE}?favourite_colour=blue"}),
    )

    assert 'database "no_such_database" does not exist' in only_line(missing.stderr)
    assert only_line(strange.stderr).startswith("Error: ")
    assert (missing.returncode, strange.returncode) == (1, 1)
    assert "s3cret" not in strange.stderr


def test_importing_says_what_landed_and_what_did_not(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """One line for each bad row, without the phone or the name in it; twice changes nothing."""
    path = tmp_path / "leads.csv"
    path.write_text(
        "phone,name,device\n"
        "+60120000001,Good,\n"
        "0120000002,Secretive,\n"
        "+60120000003,Secretive,Nobody\n"
    )

    first = fresh("import", path, database_url=database_url)
    second = fresh("import", path, database_url=database_url)

    assert first.stdout == (
        "registered 1, updated 0, unchanged 0, known 0, opted out 0, rejected 2\n"
    )
    assert first.stderr.splitlines() == [
        "line 3: phone: expected a country code such as +60 (or set SENDTRAIL_DEFAULT_REGION)",
        "line 4: device: expected the name or id of a device in service, or nothing",
    ]
    assert second.stdout == (
        "registered 0, updated 0, unchanged 0, known 1, opted out 0, rejected 2\n"
    )
    assert (first.returncode, second.returncode) == (1, 1)
    assert then.count(database) == 1


NO_LISTS: dict[str, tuple[bytes | None, str]] = {
    "no_phone.csv": (b"name\nA\n", "header: expected a column 'phone' or 'mobile'"),
    "damaged.csv": (b"phone\n+60120000001,\xc3\xa9\n\xe9\n\xc3\xa9", "line 3: expected text in"),
    "empty.csv": (b"", "header: expected a column 'phone'"),
    "long.csv": (
        b"phone,name\n+60120000001," + b"x" * 10_000_000 + b"\n",
        "line 2: expected lines of at most 1000000 characters",
    ),
    "missing.csv": (None, ""),
}


def test_a_file_that_cannot_be_imported_is_one_line(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """And nothing of it is written."""
    for name, (content, _) in NO_LISTS.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)

    results = each(
        *((["import", tmp_path / name], {"database_url": database_url}) for name in NO_LISTS)
    )

    for result, (_, error) in zip(results, NO_LISTS.values(), strict=True):
        assert only_line(result.stderr).startswith(f"Error: {error}")
        assert (result.returncode, result.stdout) == (1, "")
        assert "60120000001" not in result.stderr
    assert then.count(database) == 0


def given_a_sent_message(container: Container, clock: SimulatedClock) -> UUID:
    given.device(container)
    given.lead(container, name="Aisyah")
    given.campaign(container, body="Hi {name}, [bold]20 %[/bold] off!")
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock)))
    message_id: UUID = then.message(container).message_id
    return message_id


def test_the_audit_of_a_message_shows_its_text_and_proof(
    container: Container, clock: SimulatedClock, database_url: str
) -> None:
    """The text as it was sent, whatever looks like markup in it."""
    message_id = given_a_sent_message(container, clock)

    result = fresh("audit", "message", message_id, database_url=database_url)

    assert (result.returncode, result.stderr) == (0, "")
    assert "text handed over, proven by its hash" in result.stdout
    assert "  Hi Aisyah, [bold]20 %[/bold] off!\n" in result.stdout
    assert "accepted by the gateway as wamid.1" in result.stdout


def test_a_message_that_is_not_there_is_one_line(database_url: str) -> None:
    """An id that was mistyped."""
    message_id = UUID(int=1)

    result = fresh("audit", "message", message_id, database_url=database_url)

    assert only_line(result.stderr) == f"Error: no message {message_id}"
    assert result.returncode == 1


def test_rebuild_says_identical_or_names_the_difference(
    container: Container, clock: SimulatedClock, database_url: str
) -> None:
    """And its exit code tells a script."""
    given_a_sent_message(container, clock)
    good = fresh("rebuild", database_url=database_url)
    with container.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE leads SET name = 'Somebody else'")
    bad = fresh("rebuild", database_url=database_url)

    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.count("identical") == len(READ_MODELS.tables)
    assert bad.returncode == 1
    assert (
        only_line(bad.stderr)
        == "Error: the live projections differed from the events, and were replaced"
    )
    assert "differs in name" in bad.stdout
    assert "Somebody else" not in bad.stdout
