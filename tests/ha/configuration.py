"""The configuration of a node: the documentation's own example with this machine's places in it.

So what ``docs/high-availability.md`` shows is what the failover run proves.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.support.forks import ROOT

EXAMPLES = ROOT / "docs" / "examples" / "high-availability"
NETWORK = "10.0.0.0/24"
LOOPBACK = "127.0.0.1"


class Place(NamedTuple):
    """Where a node is; ``etcd`` is the port at which it, alone, reaches etcd."""

    name: str
    folder: Path
    postgresql: int
    rest: int
    etcd: int

    @property
    def data(self) -> Path:
        return self.folder / "data"


def example(file: str) -> dict[str, Any]:
    """One of the YAML examples."""
    found: dict[str, Any] = yaml.safe_load((EXAMPLES / file).read_text(encoding="utf-8"))
    return found


def patroni(place: Place, binaries: Path) -> dict[str, Any]:
    """Patroni's settings on that node."""
    settings = example("patroni.yml")
    settings["name"] = place.name
    address = f"{LOOPBACK}:{place.rest}"
    settings["restapi"] |= {"listen": address, "connect_address": address}
    # Or it would ask etcd for its address, and go round the proxy that can be cut.
    settings["etcd3"] = {"hosts": [f"{LOOPBACK}:{place.etcd}"], "use_proxies": True}
    postgresql = settings["postgresql"]
    address = f"{LOOPBACK}:{place.postgresql}"
    postgresql |= {
        "listen": address,
        "connect_address": address,
        "data_dir": str(place.data),
        "bin_dir": str(binaries),
        "pgpass": str(place.folder / "pgpass"),
        "pg_hba": [line.replace(NETWORK, f"{LOOPBACK}/32") for line in postgresql["pg_hba"]],
    }
    postgresql["parameters"]["unix_socket_directories"] = str(place.folder)
    # A test must not reset the machine that it runs on.
    settings["watchdog"] = {"mode": "off"}
    return settings


def etcd(folder: Path, port: int, peer_port: int) -> dict[str, Any]:
    """etcd's settings: one member instead of three, because no test takes one away."""
    settings = example("etcd.yml")
    own, peer = f"http://{LOOPBACK}:{port}", f"http://{LOOPBACK}:{peer_port}"
    return settings | {
        "data-dir": str(folder),
        "listen-client-urls": own,
        "advertise-client-urls": own,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"{settings['name']}={peer}",
    }


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody uses now, each another one."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
