"""What is installed: every dependency is bounded, and the lock files are those of setup.cfg."""

from __future__ import annotations

import re
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
# Time zones change every few months, and an old list sends at wrong hours.
UNBOUNDED = {"tzdata"}
# What each lock file must hold, by the sections of setup.cfg.
LOCKS = {"run": (), "dev": ("dev", "docs", "ha", "mcp", "otel", "sentry"), "lowest": ("dev",)}


def _required(*extras: str) -> list[Requirement]:
    """The direct dependencies, with those of these extras."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    texts = [config["options"]["install_requires"]]
    texts += [config["options.extras_require"][extra] for extra in extras]
    return [Requirement(line) for text in texts for line in text.split("\n") if line.strip()]


def _extras() -> list[str]:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return list(config["options.extras_require"])


def _pins(name: str) -> Iterator[tuple[str, str, str]]:
    """Name, version and the rest of every entry of a lock file."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    for entry in re.split(r"\n(?=\S)", text.strip()):
        found = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)(.*)", entry, re.DOTALL)
        assert found, entry[:80]
        yield canonicalize_name(found[1]), found[2], found[3]


def test_every_dependency_has_a_lower_and_an_upper_bound() -> None:
    """A release that nobody has tried is not installed by itself."""
    for requirement in _required(*_extras()):
        operators = {each.operator for each in requirement.specifier}
        assert operators & {">=", "~="}, requirement
        if canonicalize_name(requirement.name) not in UNBOUNDED:
            assert operators & {"<", "~="}, requirement


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_pins_what_setup_cfg_allows(name: str) -> None:
    """Whoever changes a bound calls ``make lock``."""
    pins: dict[str, list[str]] = {}
    for package, version, _ in _pins(name):
        pins.setdefault(package, []).append(version)
    for requirement in _required(*LOCKS[name]):
        versions = pins.get(canonicalize_name(requirement.name), [])
        assert versions, f"{requirement} is not in requirements/{name}.txt"
        assert all(requirement.specifier.contains(each) for each in versions), requirement


@pytest.mark.parametrize("name", [*LOCKS, "client"])
def test_every_pin_has_hashes_and_no_address(name: str) -> None:
    """A file from anywhere else is refused by its hash, and any index serves."""
    for package, _, rest in _pins(name):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", rest), package
        assert "://" not in rest, package


def test_the_lowest_versions_are_the_lower_bounds() -> None:
    pins = {package: version for package, version, _ in _pins("lowest")}
    for requirement in _required("dev"):
        lowest = [e.version for e in requirement.specifier if e.operator in (">=", "~=")]
        pinned = pins[canonicalize_name(requirement.name)]
        assert Requirement(f"x=={lowest[0]}").specifier.contains(pinned), requirement
