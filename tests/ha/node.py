"""One node of the cluster: Patroni, and the PostgreSQL that it runs."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import yaml

from tests.ha import requirements
from tests.ha.configuration import LOOPBACK, Place, patroni
from tests.support.tcp_proxy import Proxy


def start_process(command: list[str], folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Starts a server in a session of its own; what it says is in ``log``."""
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            **requirements.ownership(),
        )


class Node:
    """A node that is to be started; ``proxy`` is its way to etcd."""

    def __init__(self, place: Place, proxy: Proxy) -> None:
        self.place = place
        self.proxy = proxy
        self.settings = patroni(place, requirements.postgresql())
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def log(self) -> Path:
        return self.place.folder / "patroni.log"

    def start(self) -> None:
        """Starts Patroni, which starts PostgreSQL."""
        file = self.place.folder / "patroni.yml"
        file.write_text(yaml.safe_dump(self.settings), encoding="utf-8")
        command = [sys.executable, "-m", "patroni", str(file)]
        self._process = start_process(command, self.place.folder, self.log)

    def kill(self) -> None:
        """SIGKILL for all of it, Patroni first, or it would start PostgreSQL again."""
        own = self._postgres()
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(20)
            self._process = None
        for process in own or self._postgres():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        _, alive = psutil.wait_procs(own, timeout=20)
        assert not alive, f"{self.name} did not die"

    def _postgres(self) -> list[psutil.Process]:
        """The postmaster, first, and its processes."""
        try:
            pid = int((self.place.data / "postmaster.pid").read_text().splitlines()[0])
            postmaster = psutil.Process(pid)
            if str(self.place.data) not in postmaster.cmdline():
                return []  # the id is another's by now
            return [postmaster, *postmaster.children(recursive=True)]
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
            return []

    # What it says

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """Patroni's answer; status 0 if there is none."""
        given = self.settings["restapi"]["authentication"]
        login = base64.b64encode(f"{given['username']}:{given['password']}".encode()).decode()
        connection = HTTPConnection(LOOPBACK, self.place.rest, timeout=60 if body else 5)
        try:
            headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
            connection.request(method, path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, HTTPException):
            return 0, ""
        finally:
            connection.close()

    def leads(self) -> bool:
        """Whether it has the lock, and PostgreSQL takes writes."""
        return self.ask("GET", "/primary")[0] == 200

    def members(self) -> list[Mapping[str, Any]]:
        """The cluster as this node sees it."""
        status, text = self.ask("GET", "/cluster")
        return list(json.loads(text)["members"]) if status == 200 else []

    def has(self, database: str) -> bool:
        """Whether that database is there, which it is a moment later on a standby."""
        connection = self.connect()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
                return cursor.fetchone() is not None
        finally:
            connection.close()

    def connect(self, account: str = "superuser", database: str = "postgres") -> Any:
        """A session of that account of Patroni's settings.

        Raises psycopg2.OperationalError if there can be none."""
        login = self.settings["postgresql"]["authentication"][account]
        return psycopg2.connect(
            host=LOOPBACK,
            port=self.place.postgresql,
            dbname=database,
            user=login["username"],
            password=login["password"],
            connect_timeout=5,
        )
