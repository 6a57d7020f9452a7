"""The schema has a version: it is made, migrated, waited for or refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psycopg2
import pytest
from sqlalchemy.exc import DBAPIError

from domain.errors import StorageError
from projections.config.settings import Settings
from projections.database import embedded, installation, schema_version
from projections.database.engine import Database, rows
from projections.database.installation import create_schema, migrate, open_database
from projections.schema.creation import create_read_models
from tests.conftest import Admin
from tests.support import then, when
from tests.support.api.given import SECRET_KEY
from tests.upgrades import schemas

VERSIONS = schema_version.MIGRATIONS / "versions"
KEYED = Settings(secret_key=SECRET_KEY)


@pytest.fixture
def empty(server_url: str, admin: Admin, database_url: str) -> Iterator[Database]:
    """A database with nothing in it."""
    name = f"{database_url.partition('?')[0].rpartition('/')[2]}_empty"
    database = Database(installation.recreate(server_url, name), secret_key=SECRET_KEY)
    yield database
    database.close()
    admin(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations for a test to add some."""
    copied = tmp_path / "migrations"
    shutil.copytree(schema_version.MIGRATIONS, copied, ignore=shutil.ignore_patterns("*.pyc"))
    monkeypatch.setattr(schema_version, "MIGRATIONS", copied)
    return copied / "versions"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration gives up soon."""
    monkeypatch.setattr(schema_version, "PATIENCE", "20ms")
    monkeypatch.setattr(schema_version, "TRIES", 2)
    monkeypatch.setattr(schema_version, "PAUSE", 0.01)


def add(versions: Path, body: str) -> str:
    """Add a migration that does this; return its version."""
    before = schema_version.newest()
    version = f"{int(before) + 1:04}"
    (versions / f"m{version}_added.py").write_text(
        f'"""Add what the test wants."""\nfrom alembic import op\n'
        f"revision, down_revision = {version!r}, {before!r}\n"
        f"def upgrade():\n    {body}\n"
    )
    return version


def version_of(database: Database) -> str | None:
    with database.transaction() as connection:
        return schema_version.found(connection)


def functions(database: Database) -> list[Any]:
    """The functions with their text, and the views' too."""
    with database.transaction() as connection:
        found = rows(
            connection,
            "SELECT pg_get_functiondef(oid) FROM pg_proc"
            " WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
        )
        return [row[0] for row in found]


def test_migrated_from_the_first_version_it_is_like_a_new_one(
    database: Database, empty: Database
) -> None:
    """In every table, column, type, default, constraint, index, trigger, view and function."""
    with empty.engine.connect() as connection:
        schema_version.upgrade(connection, KEYED)
        create_read_models(connection)
        connection.commit()

    assert schemas.shape(empty.url) == schemas.shape(database.url)
    assert functions(empty) == functions(database)
    assert version_of(empty) == version_of(database) == schema_version.newest()


def test_each_version_follows_the_one_before_it() -> None:
    """A file is named after its version, and two of one version are found here."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(schema_version.MIGRATIONS))
    chain = [(s.revision, s.down_revision) for s in scripts.walk_revisions()][::-1]

    numbers = [f"{number:04}" for number in range(1, len(chain) + 1)]
    assert chain == list(zip(numbers, [None, *numbers], strict=False))
    assert sorted(path.name[1:5] for path in VERSIONS.glob("m*.py")) == numbers
    assert numbers[-1] == schema_version.newest()


def test_an_older_schema_is_refused_where_somebody_else_owns_the_database(
    database: Database, versions: Path
) -> None:
    """The owner decides when it is migrated; both versions are named and nothing is changed."""
    before, needed = schema_version.newest(), add(versions, 'op.execute("CREATE TABLE t ()")')

    with pytest.raises(StorageError) as caught:
        open_database(Settings(database_url=database.url, secret_key=SECRET_KEY))

    assert str(caught.value) == (
        f"the database has schema {before}, this program needs {needed}: run sendtrail db migrate"
    )
    assert version_of(database) == before


def test_the_bundled_servers_database_is_migrated_by_itself(
    database: Database, versions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the first program that opens it."""
    needed = add(versions, 'op.execute("CREATE TABLE t ()")')
    monkeypatch.setattr(embedded, "start", lambda home: "postgresql://bundled")
    monkeypatch.setattr(installation, "ensure", lambda url, name: database.url)

    open_database(KEYED).close()

    assert (version_of(database), then.count(database, "t")) == (needed, 0)


def test_processes_that_start_together_migrate_once(database: Database, versions: Path) -> None:
    """One does it, the others wait and find it done."""
    needed = add(versions, 'op.execute("CREATE TABLE t ()")')

    when.at_once(*[lambda: create_schema(database, migrating=KEYED)] * 4)

    assert version_of(database) == needed


def test_processes_that_start_together_create_it_once(empty: Database) -> None:
    """Likewise in a new database."""
    when.at_once(*[lambda: create_schema(empty)] * 4)

    assert version_of(empty) == schema_version.newest()
    assert then.count(empty, "installation") == 1


def test_a_newer_schema_is_refused_by_whoever_would_change_it(database: Database) -> None:
    """Both versions are named."""
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0907'")
    refused = (
        r"the database has schema 0907, made by a newer Sendtrail;"
        rf" this program knows up to {schema_version.newest()}"
    )

    with pytest.raises(StorageError, match=refused):
        create_schema(database)
    with pytest.raises(StorageError, match=refused):
        create_schema(database, outdated=True, migrating=KEYED)
    with pytest.raises(StorageError, match=refused):
        migrate(database, KEYED, print)


def test_an_empty_database_gets_the_newest_schema(empty: Database) -> None:
    """No migration is run for it."""
    steps: list[schema_version.Step] = []

    first = migrate(empty, KEYED, steps.append)
    second = migrate(empty, KEYED, steps.append)

    assert (first, steps) == ((None, None), [])
    assert second == (schema_version.newest(), None)


def test_a_migration_that_fails_leaves_the_version_before_it(
    database: Database, versions: Path
) -> None:
    """What the earlier one did stays; of this one there is nothing."""
    reached = add(versions, 'op.execute("CREATE TABLE first ()")')
    add(versions, 'op.execute("CREATE TABLE second (); SELECT 1 / 0")')

    with pytest.raises(StorageError, match="the database refuses: DivisionByZero"):
        migrate(database, KEYED, print)

    assert version_of(database) == reached
    assert then.count(database, "first") == 0
    with pytest.raises(DBAPIError, match="second"):
        then.count(database, "second")


def test_a_migration_gets_the_settings(database: Database, versions: Path) -> None:
    """One that encrypts needs the secret key."""
    add(
        versions,
        "op.execute(\"COMMENT ON TABLE lead_keys IS '%s'\""
        ' % op.get_context().config.attributes["settings"].max_attempts)',
    )

    migrate(database, Settings(max_attempts=7), print)

    with database.transaction() as connection:
        (found,) = rows(connection, "SELECT obj_description('lead_keys'::regclass)")
    assert found[0] == "7"


@pytest.mark.usefixtures("impatient")
def test_a_migration_gives_up_where_a_table_is_in_use_all_the_time(
    database: Database, versions: Path
) -> None:
    """It has done nothing then."""
    before = schema_version.newest()
    add(versions, 'op.execute("CREATE TABLE t (); ALTER TABLE tracking ADD COLUMN x integer")')

    with (
        ThreadPoolExecutor(1) as pool,
        closing(psycopg2.connect(database.url)) as other,
        other.cursor() as cursor,
    ):
        cursor.execute("SELECT FROM tracking")
        migrating = pool.submit(migrate, database, KEYED, print)
        with pytest.raises(StorageError, match="in use all the time: stop what uses them"):
            migrating.result(60)

    assert version_of(database) == before


def test_a_migration_waits_for_a_table_and_keeps_nobody_waiting(
    database: Database, versions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it waits for a transaction that has read a table, others read that table."""
    needed = add(versions, 'op.execute("ALTER TABLE tracking ADD COLUMN x integer")')
    tried = Event()
    busy = schema_version.BUSY
    monkeypatch.setattr(schema_version, "PATIENCE", "20ms")
    monkeypatch.setattr(schema_version, "PAUSE", 0.01)

    class Noticed(type):
        """An error is asked whether it is one of these once it has come."""

        def __instancecheck__(cls, error: object) -> bool:
            tried.set()
            return isinstance(error, busy)

    monkeypatch.setattr(schema_version, "BUSY", Noticed("Busy", (), {}))
    with closing(psycopg2.connect(database.url)) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM tracking")
        migrating = Thread(target=migrate, args=(database, KEYED, print))
        migrating.start()
        assert tried.wait(30)
        assert then.count(database, "tracking") == 0
        other.rollback()
        migrating.join(30)

    assert version_of(database) == needed


def test_an_index_can_be_made_while_others_wait_for_the_migration(
    database: Database, versions: Path
) -> None:
    """CREATE INDEX CONCURRENTLY waits for every statement under way, so those who wait for the
    migration must not wait within one."""
    needed = add(
        versions,
        "with op.get_context().autocommit_block():\n"
        '        op.execute("CREATE INDEX CONCURRENTLY by_key ON lead_keys (key)")',
    )

    when.at_once(*[lambda: create_schema(database, migrating=KEYED)] * 3)

    assert version_of(database) == needed
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_key'::regclass"
    with database.transaction() as connection:
        assert [row.indisvalid for row in rows(connection, valid)] == [True]


def test_a_process_that_waits_goes_on_when_the_one_before_it_is_gone(database: Database) -> None:
    """The lock goes with the connection, however that ends."""
    with closing(psycopg2.connect(database.url)) as other, other.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock({schema_version.SCHEMA_LOCK}), pg_backend_pid()")
        (_, pid) = cursor.fetchone()
        waiting = Thread(target=migrate, args=(database, KEYED, print))
        waiting.start()
        with database.transaction() as connection, suppress(DBAPIError):
            rows(connection, "SELECT pg_terminate_backend(%(pid)s)", pid=pid)
        waiting.join(30)

        assert not waiting.is_alive()
