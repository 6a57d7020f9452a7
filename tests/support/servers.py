"""PostgreSQL servers of a test's own, on ports of loopback: small ones, standbys, and poolers
before them. None outlives the block that it was made for."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg2

from projections.database import bundled_server
from tests.support import then

CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
wal_keep_size = 64MB
"""


class Server:
    """A server that listens on ``port`` while it runs; its data are below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self.data = folder / f"server-{self.port}"
        self._log = folder / f"server-{self.port}.log"

    def create(self, settings: str = "", wal: Path | None = None) -> None:
        """Makes it with nothing in it; ``settings`` are lines of postgresql.conf. Its write-ahead
        log is in the folder ``wal``, if that is given."""
        options = ("-A", "trust", "-E", "utf8", "-N", "-U", "postgres")
        _tool("initdb", "-D", self.data, *options, *(("-X", wal) if wal else ()))
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION + settings)

    def create_standby(self, primary: Server) -> None:
        """Makes it a standby of ``primary``, which must be running."""
        _tool("pg_basebackup", "-D", self.data, "-R", "-N", "-c", "fast", "-d", primary.url)

    def start(self) -> None:
        _tool(
            *("pg_ctl", "start", "-D", self.data, "-w", "-l", self._log),
            *("-o", f"-p {self.port}"),
        )

    def stop(self, mode: str = "fast") -> None:
        """Ends it; with the mode ``immediate`` as a crash does."""
        _tool("pg_ctl", "stop", "-D", self.data, "-w", "-m", mode)

    def promote(self) -> None:
        """Makes a standby a primary."""
        _tool("pg_ctl", "promote", "-D", self.data, "-w")

    def is_running(self) -> bool:
        return (self.data / "postmaster.pid").exists()

    def ask(self, statement: str, database: str = "postgres") -> Any:
        """Runs one statement outside a transaction; the first value of an answer."""
        with closing(psycopg2.connect(self.url, dbname=database, connect_timeout=5)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchone()[0] if cursor.description else None


@contextmanager
def running(settings: str = "", *, inside: Path | None = None) -> Iterator[Server]:
    """A new server. If the folder ``inside`` is given, its data are there, but not its write-ahead
    log: a server that cannot write that ends."""
    with folder_of_servers() as wal, folder_of_servers(inside) as folder, ExitStack() as stack:
        server = Server(folder)
        server.create(settings, wal / "wal")
        stack.callback(_end, server)
        server.start()
        yield server


@contextmanager
def primary_and_standby() -> Iterator[tuple[Server, Server]]:
    """Two servers, of which the second has what the first has, and can only be read."""
    with running() as primary, folder_of_servers() as folder, ExitStack() as stack:
        standby = Server(folder)
        standby.create_standby(primary)
        stack.callback(_end, standby)
        standby.start()
        yield primary, standby


@contextmanager
def folder_of_servers(inside: Path | None = None) -> Iterator[Path]:
    """An empty folder that belongs to the user as whom servers run."""
    with tempfile.TemporaryDirectory(prefix="st-", dir=inside) as name:
        if (user := system_user()) is not None:
            shutil.chown(name, user)
        yield Path(name)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """The folder of a disk of that size. Raises OSError where this user may not make one."""
    with tempfile.TemporaryDirectory(prefix="st-disk-") as name:
        mount = ("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", name)
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except subprocess.CalledProcessError as error:
            raise OSError(error.stderr.decode().strip()) from None
        try:
            yield Path(name)
        finally:
            subprocess.run(("umount", name), check=True)


@contextmanager
def pooler(server: Server, mode: str, **settings: object) -> Iterator[str]:
    """PgBouncer before ``server``; gives the URL of the same database through it.

    ``mode`` is session, transaction or statement; ``settings`` are lines of its configuration.
    """
    port = free_port()
    lines: dict[str, object] = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "any",
        "pool_mode": mode,
        **settings,
    }
    with folder_of_servers() as folder:
        file = folder / "pgbouncer.ini"
        place = f"host=127.0.0.1 port={server.port} user=postgres"
        told = "\n".join(f"{name} = {value}" for name, value in lines.items())
        file.write_text(f"[databases]\n* = {place}\n[pgbouncer]\n{told}\n")
        with (folder / "log").open("w+") as log:
            process = subprocess.Popen(
                [str(pgbouncer()), "-q", str(file)],
                user=system_user(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            try:
                then.soon(lambda: _answers(port))
                yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
            finally:
                process.terminate()
                process.wait(20)


def pgbouncer() -> str | None:
    """Where PgBouncer is, if it is installed."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def free_port() -> int:
    """A port of loopback that nobody listens on just now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def system_user() -> str | None:
    """As whom servers run: they refuse to be root's. None for the test's own user."""
    return _tools()[1]


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _end(server: Server) -> None:
    if server.is_running():
        server.stop("immediate")


def _tool(name: str, *arguments: object) -> None:
    """Runs one of PostgreSQL's tools to its end."""
    folder, user = _tools()
    # Not a pipe, which a server that it starts would keep open.
    with tempfile.TemporaryFile() as output:
        code = subprocess.run(
            [str(folder / name), *map(str, arguments)],
            cwd="/",
            user=user,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        ).returncode
        output.seek(0)
        assert code == 0, f"{name}: {output.read().decode()}"


@cache
def _tools() -> tuple[Path, str | None]:
    """Where the bundled server's tools are, and as whom they run."""
    get_server, lock = bundled_server._import_library()
    with tempfile.TemporaryDirectory(prefix="st-") as folder, lock:
        bundled = get_server(Path(folder) / "data", start=False)
        bundled.ensure_pgdata_inited()  # lets that user read the tools
        return bundled.bin_path, bundled.system_user
