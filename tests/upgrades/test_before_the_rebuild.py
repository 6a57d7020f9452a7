"""Until ``sendtrail db migrate`` and ``sendtrail rebuild`` have run, nothing else works on a
database of the version before, and nothing is changed in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from domain.errors import StorageError
from projections.config.settings import Settings
from projections.container import Container
from projections.database import schema_version
from runners.cli.main import main
from tests.projections.rebuild.live_tables import TABLES
from tests.upgrades import schemas

REFUSED = (
    r"the read models have no broadcast_messages\.planned_at yet, because an earlier version made"
    r" them: run sendtrail rebuild"
)
UNMIGRATED = (
    f"the database has schema 0001, this program needs {schema_version.newest()}:"
    " run sendtrail db migrate"
)
NOBODY = "00000000-0000-4000-8000-000000000000"

# Every command that works on the database, as it is typed.
COMMANDS: dict[str, list[str]] = {
    "audit checkpoint": [],
    "audit export": [],
    "audit lead": [NOBODY],
    "audit message": [NOBODY],
    "audit quarantine list": [],
    "audit quarantine release": [NOBODY],
    "audit verify": [],
    "audit why-not": [NOBODY, "--campaign", NOBODY],
    "db erasures": [],
    "devices contacts": ["Sales 2"],
    "devices list": [],
    "devices pair": ["Sales 2"],
    "devices templates": ["Sales 2"],
    "devices test": ["Sales 2", "--to", "+60120000001"],
    "export leads": [],
    "export messages": [],
    "export replies": [],
    "import": ["leads.csv"],
    "keys create": ["me", "--role", "admin"],
    "keys list": [],
    "keys revoke": ["crm"],
    "keys rotate-secret": [],
    "replay": ["--until", "2026-03-03T12:00Z", "--into", "noon"],
    "run": ["--once"],
    "serve": [],
    "simulate": ["--days", "1"],
    "status": [],
    "what-if": ["--body", "Hi"],
}
# The way out, and what has to do with other databases or with none.
OTHERS = {
    "rebuild",
    "mcp",
    "demo",
    "completion",
    "man",
    "db backup",
    "db migrate",
    "db restore",
    "db status",
    "db stop",
    "db url",
    "audit keygen",
}


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command that is no group, as it is typed."""
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from leaves(inner, (*path, name))


def refusals(prompt: CliRunner, commands: dict[str, list[str]]) -> set[str]:
    """What the commands say, each in one line."""
    said = set()
    for command, arguments in commands.items():
        result = prompt.invoke(main, [*command.split(), *arguments])
        assert (result.exit_code, result.stdout) == (1, ""), command
        (line,) = result.stderr.splitlines()
        said.add(line)
    return said


def test_nothing_but_the_migration_works_before_it(
    database_url: str, settings: Settings, prompt: CliRunner
) -> None:
    """Each command says what to do, the rebuild too, and has changed nothing."""
    assert set(leaves(main)) == COMMANDS.keys() | OTHERS
    before = schemas.everything(database_url)

    said = refusals(prompt, {**COMMANDS, "rebuild": []})
    with pytest.raises(StorageError) as caught:
        Container(settings, outdated=True)

    assert said == {f"Error: {UNMIGRATED}"}
    assert str(caught.value) == UNMIGRATED
    assert schemas.everything(database_url) == before


def test_nothing_but_the_rebuild_works_before_it(migrated: Settings, prompt: CliRunner) -> None:
    """After the migration, likewise."""
    assert migrated.database_url is not None
    before = schemas.everything(migrated.database_url)

    said = refusals(prompt, COMMANDS)
    with pytest.raises(StorageError) as caught:
        Container(migrated)

    for line in said:
        assert re.fullmatch(f"Error: {REFUSED}", line)
    assert re.fullmatch(REFUSED, str(caught.value))
    assert schemas.everything(migrated.database_url) == before


def test_a_check_changes_nothing_but_its_own_schema(
    database_url: str, migrated: Settings, prompt: CliRunner
) -> None:
    """It says identical, and the other commands still refuse."""
    before = schemas.everything(database_url)

    result = prompt.invoke(main, ["rebuild", "--check"])

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("identical") == len(TABLES)
    after = schemas.everything(database_url)
    assert {
        name for name in after.keys() - before.keys() if not name.startswith("rebuild.")
    } == set()
    assert {name: after[name] for name in before} == before
    with pytest.raises(StorageError, match="run sendtrail rebuild"):
        Container(migrated)
