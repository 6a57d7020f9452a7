"""Whether the packages that some contenders need are installed.

``pip install 'sendtrail[bench]'`` installs them.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec


def has_pgqueuer() -> bool:
    """Whether pgqueuer is installed, with the driver and the event loop that it is fastest with."""
    return all(find_spec(module) is not None for module in ("pgqueuer", "asyncpg", "uvloop"))


def has_library_recorder() -> bool:
    """Whether psycopg 3 is installed, which the library's recorder needs, with a client library
    that psycopg can use."""
    try:
        import psycopg  # noqa: F401
        import psycopg_pool  # noqa: F401
    except ImportError:
        return False
    return True


def versions() -> dict[str, str]:
    """The version of each package, or that the package is not installed, by its name."""
    by_package = {}
    for package in ("eventsourcing", "psycopg", "pgqueuer", "asyncpg", "uvloop"):
        try:
            by_package[package] = version(package)
        except PackageNotFoundError:
            by_package[package] = "not installed: pip install 'sendtrail[bench]'"
    return by_package
