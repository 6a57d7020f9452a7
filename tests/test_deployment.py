"""The files of docs/deployment.md: an image, a compose file and units of systemd.

They are proven as far as that goes without a container engine and a systemd that runs.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from projections.config.settings import Settings
from runners.cli.main import COMMANDS
from runners.process.supervisor import RUNNERS

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples" / "systemd"
UNITS = sorted(path.name for path in EXAMPLES.glob("*.service"))
# Of ten; nothing of systemd's own that talks to a network is below 2 on Debian 12.
EXPOSURE = 2.0

each_unit = pytest.mark.parametrize("name", UNITS)
with_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed"
)


def program(name: str) -> str:
    """A program that came with a package of the extra ``dev``; skips where it did not."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def says(*command: str) -> tuple[int, str]:
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return parsed


def dockerfile() -> str:
    return re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))


def unit(name: str) -> ConfigParser:
    parsed = ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read_string((EXAMPLES / name).read_text(encoding="utf-8"))
    return parsed


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    assert says(program("hadolint"), "--no-color", "Dockerfile") == (0, "")


def test_the_compose_file_is_one() -> None:
    """By the schema of the Compose Specification."""
    check = (program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec")
    code, text = says(*check, "compose.yaml")
    assert code == 0, text


def test_the_image_gets_all_that_the_package_is_built_of() -> None:
    """What .dockerignore does not let through would be missing in the image alone."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    packages = config["options.packages.find"]["include"].replace("*", "").split()
    needed = {*packages, "sendtrail.py", "setup.cfg", "pyproject.toml", "requirements"}
    needed |= {config["metadata"]["license_files"], "README.md"}
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in lines if line.startswith("!")} == needed
    assert "*" in lines


def test_the_image_runs_as_nobody_special_what_exists() -> None:
    last = dockerfile().rsplit("\nFROM ", 1)[1]
    assert re.findall(r"^USER (.+)$", last, re.M) == ["10001"]
    assert "--uid 10001" in last
    (words,) = re.findall(r'^CMD \["([^"]+)"', last, re.M)
    assert words in COMMANDS
    assert "/healthz" in re.findall(r"^HEALTHCHECK (.+)$", last, re.M)[0]


def test_every_service_of_ours_starts_what_exists() -> None:
    services = compose()["services"]
    ours = {name: each for name, each in services.items() if name != "db"}
    commands = {name: shlex.split(each.get("command", "serve")) for name, each in ours.items()}
    assert {name: words[0] for name, words in commands.items()} == {
        "serve": "serve",
        "run": "run",
        "backup": "db",
    }
    # Only the default command of the image has the port that its health check asks.
    checked = {name for name in commands if "healthcheck" not in services[name]}
    assert checked == {"serve"}


def test_nothing_of_the_compose_file_is_open_to_the_network_or_has_a_password() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    ports = [port for each in compose()["services"].values() for port in each.get("ports", [])]
    assert ports == ["127.0.0.1:8000:8000"]
    assert set(re.findall(r"(?:PASSWORD|SECRET_KEY): (.)", text)) == {"$"}


def test_the_compose_file_names_settings_that_exist() -> None:
    known = {f"SENDTRAIL_{name.upper()}" for name in Settings.__struct_fields__}
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"SENDTRAIL_[A-Z_]+", text)) <= known


@each_unit
def test_a_unit_starts_what_exists_and_comes_back(name: str) -> None:
    service = unit(name)["Service"]
    program, command, *arguments = shlex.split(service["ExecStart"])
    assert program == "/opt/sendtrail/.venv/bin/sendtrail"
    assert command in COMMANDS
    if command == "run":
        assert arguments in ([], ["%i"])
    assert service["EnvironmentFile"] == "/etc/sendtrail/sendtrail.env"
    assert (service["User"], service["Restart"]) == ("sendtrail", "always")
    assert unit(name)["Unit"]["StartLimitIntervalSec"] == "0"


def test_the_pages_name_runners_that_exist() -> None:
    for page in ("deployment.md", "high-availability.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert set(re.findall(r"sendtrail-run@(\w+)", text)) - {"service"} <= set(RUNNERS)


@with_systemd
def test_systemd_knows_every_key() -> None:
    """Programs are where they are on a server, so that they are not here."""
    _, text = says("systemd-analyze", "verify", *(str(EXAMPLES / name) for name in UNITS))
    assert not re.findall(r".*(?:Unknown|Failed to parse|Invalid|ignoring).*", text)


@each_unit
@with_systemd
def test_a_unit_may_do_little_beside_its_work(name: str) -> None:
    threshold = f"--threshold={EXPOSURE * 10:.0f}"
    code, text = says(
        "systemd-analyze", "security", "--offline=yes", threshold, str(EXAMPLES / name)
    )
    assert code == 0, text
