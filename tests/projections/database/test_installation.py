"""A new installation, made by whoever comes first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest

from projections.database.installation import ensure, url_of
from projections.database.schema_version import SCHEMA_LOCK
from tests.conftest import Admin
from tests.support import then

WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = "


@pytest.fixture
def name(admin: Admin) -> Iterator[str]:
    """Of a database that there is not yet."""
    name = f"sendtrail_new_{os.getpid()}"
    yield name
    admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def test_processes_that_start_at_once_make_one_database(
    server_url: str, admin: Admin, name: str
) -> None:
    """``serve`` and ``run`` on a new machine: neither fails because of the other."""
    lock = SCHEMA_LOCK & 0xFFFFFFFF
    with closing(psycopg2.connect(server_url)) as first, ThreadPoolExecutor(2) as pool:
        first.cursor().execute(f"SELECT pg_advisory_lock({SCHEMA_LOCK})")
        both = [pool.submit(ensure, server_url, name) for _ in range(2)]
        then.soon(lambda: admin(f"{WAITING}{lock}") >= 2, 60)
        first.close()

        assert [one.result(60) for one in both] == [url_of(server_url, name)] * 2
    assert admin(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 1
