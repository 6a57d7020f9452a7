"""Files of tables have rows of people who were erased: they are written anew before a backup."""

from __future__ import annotations

from threading import Event

import pytest

from projections.container import Container
from projections.database import remains
from projections.database.engine import rows
from tests.support import given

CLEARED = "the tables with personal data were written anew, without people who were erased"


def place(container: Container, table: str = "leads") -> str:
    """The file that the table is in."""
    with container.database.engine.connect() as connection:
        return str(rows(connection, f"SELECT pg_relation_filepath('{table}') AS path")[0].path)


def cleared(container: Container) -> list[str]:
    lines: list[str] = []
    remains.clear(container.database, Event(), lines.append)
    return lines


def erase(container: Container, number: int = 1) -> None:
    lead = given.lead(container, number, name="Aisyah")
    container.outreach.erase_lead(lead, actor="api:boss")


def test_tables_are_written_anew_once_after_an_erasure(container: Container) -> None:
    given.lead(container, 2)
    before = place(container)
    assert (cleared(container), place(container)) == ([], before)

    erase(container)
    keys = place(container, "lead_keys")
    assert cleared(container) == [CLEARED]
    after = place(container)
    assert before != after
    assert keys != place(container, "lead_keys")

    given.lead(container, 3)
    assert (cleared(container), place(container)) == ([], after)
    erase(container, 4)
    assert cleared(container) == [CLEARED]


def test_a_transaction_that_still_sees_her_is_waited_for(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps her rows in the tables, however they are written; the next time does it."""
    monkeypatch.setattr(remains, "WAIT", 0.3)
    with container.database.engine.connect() as sees:
        sees.begin()
        sees.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        sees.exec_driver_sql("SELECT * FROM leads")
        erase(container)

        (line,) = cleared(container)
        assert line.startswith("what is left of people who were erased is in this backup: a trans")

    assert cleared(container) == [CLEARED]


def test_a_table_that_is_in_use_is_left_for_the_next_time(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase(container)
    monkeypatch.setattr(remains, "LOCK", 1)
    monkeypatch.setattr(remains, "_OLDER", "SELECT 0 AS running")
    with container.database.engine.connect() as uses:
        uses.begin()
        uses.exec_driver_sql("LOCK TABLE leads IN ACCESS SHARE MODE")

        (line,) = cleared(container)
        assert line.endswith("canceling statement due to lock timeout")

    assert cleared(container) == [CLEARED]
