"""The examples of docs/high-availability.md: they parse, agree, and are what ``make ha`` runs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from psycopg2.extensions import parse_dsn

from projections.config.settings import Settings
from tests.ha import configuration
from tests.ha.configuration import EXAMPLES, Place, example
from tests.support.forks import ROOT

NODES = ["10.0.0.11", "10.0.0.12", "10.0.0.13"]
UNITS = sorted(path.name for path in EXAMPLES.glob("*.service"))
PLACE = Place("node2", Path("/tmp/node2"), 5402, 8002, 2302)  # noqa: S108 - never made

each_unit = pytest.mark.parametrize("name", UNITS)


def text(name: str) -> str:
    return (EXAMPLES / name).read_text(encoding="utf-8")


def environment() -> dict[str, str]:
    lines = [line for line in text("sendtrail.env").splitlines() if not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_nothing_is_committed_that_one_node_alone_has() -> None:
    rules = example("patroni.yml")["bootstrap"]["dcs"]
    assert (rules["synchronous_mode"], rules["synchronous_mode_strict"]) == (True, True)
    assert rules["postgresql"]["parameters"]["synchronous_commit"] == "on"
    # Patroni's rule, and the least that it takes.
    assert rules["loop_wait"] + 2 * rules["retry_timeout"] <= rules["ttl"] == 20


def test_what_the_failover_run_starts_is_the_example() -> None:
    """But for places, the way to etcd and the watchdog."""
    given = example("patroni.yml")
    used = configuration.patroni(PLACE, Path("/usr/bin"))
    assert used["bootstrap"] == given["bootstrap"]
    assert used["postgresql"]["authentication"] == given["postgresql"]["authentication"]
    assert [line.split()[:3] for line in used["postgresql"]["pg_hba"]] == [
        line.split()[:3] for line in given["postgresql"]["pg_hba"]
    ]
    assert used["postgresql"].keys() == given["postgresql"].keys()
    assert used["watchdog"] == {"mode": "off"}
    assert used.keys() == given.keys()
    etcd = configuration.etcd(Path("/nowhere"), 2379, 2380)
    assert etcd.keys() == example("etcd.yml").keys()


def test_every_place_of_the_example_is_replaced() -> None:
    """The run must not reach a machine of the reader's."""
    used = f"{configuration.patroni(PLACE, Path('/usr/bin'))}{configuration.etcd(Path('/n'), 1, 2)}"
    assert not re.findall(r"10\.0\.0\.\d+|/var/\S+|/dev/\S+", used)


def test_all_files_name_the_same_nodes() -> None:
    assert [host.split(":")[0] for host in example("patroni.yml")["etcd3"]["hosts"]] == NODES
    members = re.findall(r"http://([\d.]+)", example("etcd.yml")["initial-cluster"])
    assert members == NODES
    servers = re.findall(
        r"^    server \w+ ([\d.]+):5432 .*check port 8008$", text("haproxy.cfg"), re.M
    )
    assert servers == NODES
    assert parse_dsn(environment()["SENDTRAIL_DATABASE_URL"])["host"].split(",") == NODES


def test_the_environment_has_settings_only() -> None:
    known = {f"SENDTRAIL_{name.upper()}" for name in Settings.__struct_fields__}
    assert environment().keys() <= known


@each_unit
def test_a_unit_starts_what_exists(name: str) -> None:
    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(text(name))
    _, *arguments = shlex.split(unit["Service"]["ExecStart"])
    (file,) = [word for word in arguments if word.startswith("/etc/")]
    assert (EXAMPLES / Path(file).name).is_file()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_knows_every_key() -> None:
    """Programs are where they are on a server, so that they are not here."""
    command = ["systemd-analyze", "verify", *(str(EXAMPLES / name) for name in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert not re.findall(r".*(?:Unknown|Failed to parse|Invalid|ignoring).*", done.stderr)


HAPROXY = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@pytest.mark.skipif(HAPROXY is None, reason="HAProxy is not installed")
def test_haproxy_reads_its_file() -> None:
    done = subprocess.run(
        [str(HAPROXY), "-c", "-f", str(EXAMPLES / "haproxy.cfg")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "WARNING" in done.stderr) == (0, False), done.stderr


def test_without_etcd_the_run_says_how_to_install_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.ha"],
        cwd=ROOT,
        env={**os.environ, "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("skipped: etcd is missing: ")
    assert "apt-get install etcd-server" in done.stdout
