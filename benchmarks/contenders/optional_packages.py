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


def library() -> bool:
    """Whether psycopg 3 is there, which the event-sourcing library's own recorder needs, with a
    client library that it can work with."""
    try:
        import psycopg  # noqa: F401
        import psycopg_pool  # noqa: F401
    except ImportError:
        return False
    return True


def description() -> dict[str, str]:
    """The versions of the contenders, or that they are not installed."""
    found = {}
    for package in ("eventsourcing", "psycopg", "pgqueuer", "asyncpg", "uvloop"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed: pip install 'sendtrail[bench]'"
    return found
