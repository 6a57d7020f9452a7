"""Contenders that need packages of their own: ``pip install 'sendtrail[bench]'``."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec


def present(*modules: str) -> bool:
    """Whether all of these can be imported."""
    return all(find_spec(module) is not None for module in modules)


def pgqueuer() -> bool:
    """Whether pgqueuer is there, with the driver and the event loop that it is fastest with."""
    return present("pgqueuer", "asyncpg", "uvloop")


def versions(*packages: str) -> dict[str, str]:
    """The versions of those that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
