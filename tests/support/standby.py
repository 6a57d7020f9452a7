"""PostgreSQL servers that are lost: a primary whose standby lags behind, and one that goes back to
a backup.

They are made with the bundled server's tools, or with those in the folder that
SENDTRAIL_TEST_POSTGRES_BIN names, and listen on ports of loopback.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import psycopg2

from projections.database import bundled_server
from tests.support import then
from tests.support.postgres import MEMORY, NEEDED
from tests.support.proxy import Proxy, proxying

BIN = "SENDTRAIL_TEST_POSTGRES_BIN"
# What was committed outlives the server, but not the machine.
CONFIGURATION = """
fsync = off
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
max_wal_size = 256MB
wal_keep_size = 256MB
"""


class Node:
    """One server. It keeps its ``port`` and its folder, whatever it is filled with."""

    def __init__(self, data: Path) -> None:
        self.data = data
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        """Makes it, with nothing in it."""
        _run(self.data, "initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres")
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(CONFIGURATION)

    def copy(self, of: Node, *options: str) -> None:
        """Fills its folder with a backup of another one, which goes on working meanwhile."""
        options = ("--checkpoint=fast", "--no-sync", "-d", of.url, *options)
        _run(self.data, "pg_basebackup", *options)

    def take_from(self, other: Node) -> None:
        """Its folder is gone, and it has that of ``other`` instead; neither may run."""
        shutil.rmtree(self.data)
        other.data.rename(self.data)

    def start(self) -> None:
        log = str(self.data.with_suffix(".log"))
        options = ("-l", log, "-o", f"-p {self.port}", "-w", "-t", "60", "start")
        _run(self.data, "pg_ctl", *options)

    def stop(self, mode: str = "fast") -> None:
        """With ``immediate`` it is as if it was killed: nothing is ended in good order."""
        _run(self.data, "pg_ctl", "-m", mode, "-w", "-t", "60", "stop")

    def promote(self) -> None:
        _run(self.data, "pg_ctl", "-w", "-t", "60", "promote")

    def ask(self, statement: str, database: str = "postgres") -> Any:
        """The first value of the answer, if there is one."""
        connection = psycopg2.connect(self.url, dbname=database, connect_timeout=5)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                found = cursor.fetchone() if cursor.description else None
                return found and found[0]
        finally:
            connection.close()


class Pair:
    """A primary with an asynchronous standby, behind one address that leads to the primary."""

    def __init__(self, folder: Path, primary: Node, proxy: Proxy) -> None:
        self.primary = primary
        self.proxy = proxy
        self.url = f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres"
        self._folder = folder
        self._number = 0
        self.follow()

    def follow(self) -> None:
        """The primary has a new standby, which lacks nothing."""
        self._number += 1
        self.standby = Node(self._folder / f"standby_{self._number}")
        self.standby.copy(self.primary, "--write-recovery-conf")
        self.standby.start()
        self.catch_up()

    def catch_up(self) -> None:
        """Waits until the standby has all that was committed so far."""
        end = self.primary.ask("SELECT pg_current_wal_flush_lsn()")
        has_all = f"SELECT pg_last_wal_replay_lsn() >= '{end}'"
        then.soon(lambda: self.standby.ask(has_all), 60)

    def wait_for_standby(self) -> None:
        """From now on nothing is committed before the standby has it, too."""
        self.primary.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.ask("SELECT pg_reload_conf()")
        waits = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        then.soon(lambda: self.primary.ask(waits))

    def fall_behind(self) -> None:
        """From now on the standby gets nothing of what is committed."""
        self.standby.ask("ALTER SYSTEM SET primary_conninfo = ''")
        self.standby.ask("SELECT pg_reload_conf()")
        receives = "SELECT count(*) FROM pg_stat_replication"
        then.soon(lambda: not self.primary.ask(receives))

    def lose_primary(self) -> None:
        """The primary dies and the standby is promoted; the address leads nowhere yet."""
        self.primary.stop("immediate")
        self.proxy.cut()
        self.standby.promote()
        self.primary = self.standby

    def go_on(self) -> None:
        """The address leads to the new primary."""
        self.proxy.leads_to(self.primary.port)


@contextmanager
def alone() -> Iterator[Node]:
    """A server without a standby, until the block ends."""
    with _folder() as folder:
        node = Node(folder / "server")
        node.create()
        node.start()
        yield node


@contextmanager
def pair() -> Iterator[Pair]:
    """A primary, its standby and their address, until the block ends."""
    with alone() as primary, proxying(primary.port) as proxy:
        yield Pair(primary.data.parent, primary, proxy)


@contextmanager
def _folder() -> Iterator[Path]:
    """For the folders of servers; those that run at the end are stopped."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > NEEDED
    with tempfile.TemporaryDirectory(prefix="st-", dir=MEMORY if has_room else None) as name:
        folder = Path(name)
        _, user = _tools()
        if user is not None:
            shutil.chown(folder, user)
        try:
            yield folder
        finally:
            for left in folder.glob("*/postmaster.pid"):
                with suppress(AssertionError):  # it died without tidying up
                    _run(left.parent, "pg_ctl", "-m", "immediate", "-w", "stop")


def _run(data: Path, tool: str, *options: str) -> None:
    """Runs one of PostgreSQL's tools on a folder of data."""
    folder, user = _tools()
    with tempfile.TemporaryFile("w+") as told:  # a server that it starts would keep a pipe open
        done = subprocess.run(
            [folder / tool, "-D", data, *options],
            cwd=data.parent,
            user=user,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
        told.seek(0)
        assert done.returncode == 0, f"{tool}: {told.read()}"


@cache
def _tools() -> tuple[Path, str | None]:
    """The folder of PostgreSQL's tools, and whom they run as: a server refuses to be root's."""
    get_server, lock = bundled_server._import_library()
    with tempfile.TemporaryDirectory(prefix="st-") as folder, lock:
        own = get_server(Path(folder) / "unused", start=False)
        if BIN not in os.environ:
            own.ensure_pgdata_inited()  # makes the tools readable for that user, too
    return Path(os.environ.get(BIN, own.bin_path)), own.system_user
