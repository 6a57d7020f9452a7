"""Each contract refuses a breach of it, and the project as it is has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.contracts.rules import (
    RULES,
    Sources,
    idle_decisions,
    long_files,
    raw_prints,
    sources,
    sql_outside_projections,
    stray_containers,
)

Rule = Callable[[Sources], Iterator[str]]
DECISION = "def stop(state, *, now, actor):\n    return state\n"


@pytest.mark.parametrize(
    ("rule", "files", "breach"),
    [
        (long_files, {"api/a.py": "x = 1\n" * 301}, "api/a.py: 301 lines, at most 300"),
        (
            sql_outside_projections,
            {"runners/a.py": "from projections.database.engine import Database, rows\n"},
            "runners/a.py:1: imports rows, which executes SQL",
        ),
        (
            sql_outside_projections,
            {"api/a.py": "def f(c):\n    c.exec_driver_sql('SELECT 1')\n"},
            "api/a.py:2: calls exec_driver_sql, which executes SQL",
        ),
        (
            stray_containers,
            {"runners/jobs/a.py": "from projections.container import Container\nContainer(1)\n"},
            "runners/jobs/a.py:2: makes a Container",
        ),
        (
            raw_prints,
            {"runners/cli/a.py": "import click\n\n\ndef f(name):\n    click.echo(name)\n"},
            "runners/cli/a.py:5: prints with click.echo",
        ),
        (
            raw_prints,
            {"runners/cli/a.py": "import sys\nsys.stdout.buffer.write(b'')\n"},
            "runners/cli/a.py:2: prints with sys.stdout.buffer.write",
        ),
        (
            idle_decisions,
            {"domain/lead.py": DECISION, "tests/a.py": "from domain import lead\nlead.stop(1)\n"},
            "domain/lead.py:1: no production code calls the decision stop",
        ),
    ],
)
def test_a_breach_is_named(rule: Rule, files: Sources, breach: str) -> None:
    """By its file, its line and what is wrong."""
    assert list(rule(files)) == [breach]


@pytest.mark.parametrize(
    ("rule", "files"),
    [
        (long_files, {"api/a.py": "x = 1\n" * 300}),
        (sql_outside_projections, {"projections/a.py": "def f(c):\n    c.execute('SELECT 1')\n"}),
        (stray_containers, {"runners/cli/a.py": "Container(1)\n", "tests/a.py": "Container(1)\n"}),
        (
            raw_prints,
            {
                "runners/cli/a.py": "console.say(name)\nterminal.print(name)\n",
                "runners/cli/console.py": "click.echo(visible(line))\n",
            },
        ),
        (
            idle_decisions,
            {"domain/lead.py": DECISION, "runners/a.py": "from domain import lead\nlead.stop(1)\n"},
        ),
        (
            idle_decisions,
            {
                "domain/lead/decisions.py": DECISION,
                "runners/a.py": "from domain import lead\nlead.stop(1)\n",
            },
        ),
    ],
)
def test_what_is_allowed_is_not_named(rule: Rule, files: Sources) -> None:
    assert list(rule(files)) == []


def test_the_project_keeps_its_contracts() -> None:
    files = sources()
    assert [breach for rule in RULES for breach in rule(files)] == []
