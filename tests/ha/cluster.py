"""Three nodes under Patroni with etcd, all of them on loopback and in one temporary folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic

import psycopg2
import yaml

from tests.ha import configuration, requirements
from tests.ha.configuration import LOOPBACK, Place, free_ports
from tests.ha.node import Node, start_process
from tests.support import then
from tests.support.tcp_proxy import forwarding

# Seconds that the first start, a rejoin or an election may take on a slow machine.
PATIENCE = 180.0
DATABASE = "sendtrail"


class Cluster:
    """``nodes`` in no order; which one leads is theirs to decide."""

    def __init__(self, nodes: list[Node], password: str) -> None:
        self.nodes = nodes
        self._password = password

    @property
    def url(self) -> str:
        """The database's, with all hosts, as a user of the documentation writes it."""
        hosts = ",".join(f"{LOOPBACK}:{node.place.postgresql}" for node in self.nodes)
        return f"postgresql://{DATABASE}:{self._password}@{hosts}/{DATABASE}"

    def leader(self) -> Node | None:
        """The node that takes writes."""
        return next((node for node in self.nodes if node.leads()), None)

    def is_whole(self) -> bool:
        """Whether a leader, a synchronous standby and another replica are there and follow it."""
        leader = self.leader()
        members = [] if leader is None else leader.members()
        roles = sorted(member["role"] for member in members)
        states = {member["state"] for member in members}
        return roles == ["leader", "replica", "sync_standby"] and states <= {"running", "streaming"}

    def start(self) -> None:
        """Starts the nodes and makes the role and the database, as the documentation says."""
        for node in self.nodes:
            node.start()
        then.soon(self.is_whole, PATIENCE)
        leader = self.leader()
        assert leader is not None
        connection = leader.connect()
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE ROLE {DATABASE} LOGIN PASSWORD %s", [self._password])
                cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {DATABASE}")
        finally:
            connection.close()
        # A client that meets a standby without the database looks no further.
        then.soon(lambda: all(node.has(DATABASE) for node in self.nodes), PATIENCE)

    def switch_over(self, leader: Node) -> None:
        """Has Patroni make another node the leader, as ``patronictl switchover`` does."""
        status, text = leader.ask("POST", "/switchover", {"leader": leader.name})
        assert status == 200, (status, text)

    def writable_elsewhere(self, old: Node) -> float | None:
        """The moment, if a node other than ``old`` has just committed something; else None."""
        for node in self.nodes:
            if node is not old and _commits(node):
                return monotonic()
        return None

    def kill(self) -> None:
        """All nodes."""
        for node in self.nodes:
            node.kill()

    def said(self) -> str:
        """The ends of the nodes' logs."""
        return "\n".join(
            f"{node.name}:\n{node.log.read_text(errors='replace')[-1500:]}"
            for node in self.nodes
            if node.log.exists()
        )


def _commits(node: Node) -> bool:
    """Whether the node commits, which needs its synchronous standby too."""
    try:
        connection = node.connect()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT pg_is_in_recovery()")
                if cursor.fetchone()[0]:
                    return False
                cursor.execute("SELECT pg_logical_emit_message(true, 'probe', '')")
            return True
        finally:
            connection.close()
    except psycopg2.Error:
        return False


@contextmanager
def running(password: str) -> Iterator[Cluster]:
    """A cluster with an empty database ``sendtrail``, until the block ends; nothing is left."""
    folder = Path(tempfile.mkdtemp(prefix="sendtrail-ha-"))
    folder.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        port, peer_port, *ports = free_ports(8)
        _make(folder / "etcd")
        stack.enter_context(_etcd(folder / "etcd", port, peer_port))
        nodes = []
        for number in range(3):
            name = f"node{number + 1}"
            _make(folder / name)
            proxy = stack.enter_context(forwarding(port))
            postgresql, rest = ports[2 * number : 2 * number + 2]
            nodes.append(Node(Place(name, folder / name, postgresql, rest, proxy.port), proxy))
        cluster = Cluster(nodes, password)
        stack.callback(cluster.kill)
        try:
            cluster.start()
            yield cluster
        except BaseException as error:
            error.add_note(cluster.said())
            raise


def _make(folder: Path) -> None:
    """A folder that belongs to the user of the servers."""
    folder.mkdir(mode=0o755)
    if owner := requirements.user():
        shutil.chown(folder, owner, owner)


def _is_ready(port: int) -> bool:
    """Whether etcd answers and has agreed on its version; a Patroni that asks before gets it wrong
    for good."""
    connection = HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/version")
        version = json.loads(connection.getresponse().read())
        decided: str = version["etcdcluster"].rpartition(".")[0]
        return str(version["etcdserver"]).startswith(f"{decided}.")
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()


@contextmanager
def _etcd(folder: Path, port: int, peer_port: int) -> Iterator[None]:
    program = requirements.etcd()
    assert program is not None
    file = folder / "etcd.yml"
    settings = configuration.etcd(folder / "data", port, peer_port)
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    process = start_process([program, "--config-file", str(file)], folder, folder / "etcd.log")
    try:
        then.soon(lambda: _is_ready(port), PATIENCE)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
