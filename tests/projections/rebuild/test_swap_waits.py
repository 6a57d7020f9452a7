"""A swap waits for whoever uses the tables, and gives up before it holds up anybody."""

from __future__ import annotations

from threading import Thread

import pytest
from sqlalchemy import Connection

from domain.errors import StorageError
from projections.container import Container
from projections.rebuild import rebuild as module
from projections.rebuild import swap
from projections.rebuild.rebuild import rebuild
from tests.projections.rebuild.live_tables import (
    TABLES,
    VIEW,
    differences,
    identities,
    query,
    replaced,
)
from tests.support import given, then


def test_a_table_that_is_in_use_all_the_time_stays(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup that takes an hour, say: the rebuild gives up and writers go on."""
    monkeypatch.setattr(module, "SWAP_TRIES", 2)
    monkeypatch.setattr(module, "SWAP_PATIENCE", "50ms")
    lead = given.lead(container)
    tables = identities(container)

    with container.database.engine.begin() as backup:
        backup.exec_driver_sql("LOCK TABLE devices IN ACCESS SHARE MODE")
        with pytest.raises(StorageError, match="in use all the time: they stay as they were"):
            rebuild(container.database, swap=True)
        container.outreach.add_trigger(lead, "VIP", actor="api:sales")

    assert replaced(container, tables) == set()
    assert differences(container, swap=True) == {}
    assert replaced(container, tables) == TABLES | {VIEW}


def test_a_vacuum_of_a_table_is_waited_for(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it takes longer than the swap may hold up anybody. It works on the rebuilt table, as
    autovacuum does when many rows came into it; whoever writes goes on meanwhile."""
    monkeypatch.setattr(module, "SWAP_PATIENCE", "50ms")
    monkeypatch.setattr(module, "SWAP_TRIES", 1)
    given.device(container)
    tables = identities(container)
    keep, vacuum = swap.keep_vacuum_away, container.database.engine.connect()

    def while_it_is_vacuumed(connection: Connection, *schemas: str) -> None:
        vacuum.exec_driver_sql("LOCK TABLE rebuild.devices IN SHARE UPDATE EXCLUSIVE MODE")
        ends = Thread(target=vacuum_ends)
        ends.start()
        keep(connection, *schemas)
        ends.join()

    def vacuum_ends() -> None:
        """When the swap has waited for longer than for anybody else."""
        waits = (
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database() AND now() - query_start > interval '200ms'"
        )
        then.soon(lambda: query(container, waits))
        given.lead(container, 1)
        vacuum.close()

    monkeypatch.setattr(swap, "keep_vacuum_away", while_it_is_vacuumed)

    assert differences(container, swap=True) == {}

    assert replaced(container, tables) == TABLES | {VIEW}
    assert differences(container) == {}


def test_a_table_that_is_in_use_for_a_while_is_waited_for(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tries again, with what was written meanwhile."""
    monkeypatch.setattr(module, "SWAP_PATIENCE", "50ms")
    given.device(container)
    tables = identities(container)
    lock, tries = swap.lock, 0
    report = container.database.engine.connect()
    report.exec_driver_sql("LOCK TABLE leads IN ACCESS SHARE MODE")

    def lock_at_the_third_try(connection: Connection, schema: str) -> None:
        nonlocal tries
        tries += 1
        given.lead(container, tries)
        if tries == 3:
            report.close()
        lock(connection, schema)

    monkeypatch.setattr(swap, "lock", lock_at_the_third_try)

    assert differences(container, swap=True) == {}

    assert tries == 3
    assert replaced(container, tables) == TABLES | {VIEW}
    assert then.count(container.database, "leads") == 3
