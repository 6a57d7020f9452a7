"""Metrics for Prometheus that a process counts itself.

Processes that ``share`` write to files in one folder (prometheus-client's multiprocess mode), so
that ``/metrics`` shows the sum of them all. The client decides when it is first imported where it
keeps values; that is why it is imported late.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram

# Held while a metric is made. Two threads could both be the first to use it, and the client refuses
# to have one twice.
_MAKING = Lock()

FOLDER = "PROMETHEUS_MULTIPROC_DIR"

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_HELP = {
    "append": "Seconds to project and append one batch of events, without the commit",
    "claim": "Seconds of one claim transaction",
    "gateway": "Seconds until a gateway answered, by gateway and outcome",
}


def share(home: Path) -> None:
    """Make this process write its metrics below ``home``.

    It has no effect once the client was imported: call it first.
    """
    folder = home / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault(FOLDER, str(folder))


@contextmanager
def timed(operation: str) -> Iterator[None]:
    """Observe the seconds of the block, if it ends well, as those of ``append`` or ``claim``."""
    began = perf_counter()
    yield
    _histogram(operation).observe(perf_counter() - began)


@cache
def gateway(name: str, outcome: str) -> Callable[[float], None]:
    """The function that observes the seconds of one call of the gateway ``name``.

    ``outcome`` is what the call ended with.
    """
    return _histogram("gateway", ("gateway", "outcome")).labels(name, outcome).observe


def clock_difference(seconds: float) -> None:
    """Note by how much this machine's clock is ahead of the database's."""
    _clock_difference().set(seconds)


def clock_was_ahead(what: str) -> None:
    """Count a ``slot`` or ``dispatch`` of a device that was too far ahead to count for its pace."""
    _clock_was_ahead().labels(what).inc()


def refused(gateway: str) -> None:
    """Count a request to the gateway's webhook that did not prove that its provider sent it."""
    _counter("sendtrail_webhooks_refused", "Webhook requests without proof", "gateway").labels(
        gateway
    ).inc()


def wrong_key() -> None:
    """Count a request with an API key that is unknown or revoked."""
    _counter("sendtrail_wrong_keys", "Requests with a wrong API key").inc()


def went_back() -> None:
    """Count that this process found the log to lack what was committed."""
    _counter("sendtrail_database_went_back", "The log lacked what was committed").inc()


def runner_failed(runner: str) -> None:
    """Count a fault of the runner of that name."""
    _counter("sendtrail_runner_faults", "Faults of runners", "runner").labels(runner).inc()


def put_aside(kind: str) -> None:
    """Count something of that kind that was put into quarantine."""
    _counter("sendtrail_put_aside", "What was put into quarantine", "kind").labels(kind).inc()


def _counter(name: str, text: str, *labels: str) -> Counter:
    with _MAKING:
        return _make_counter(name, text, labels)


@cache
def _make_counter(name: str, text: str, labels: tuple[str, ...]) -> Counter:
    from prometheus_client import Counter

    return Counter(name, text, labels)


def _clock_was_ahead() -> Counter:
    with _MAKING:
        return _make_clock_was_ahead()


@cache
def _make_clock_was_ahead() -> Counter:
    from prometheus_client import Counter

    help_text = "Latest slots and dispatches of devices that a wrong clock recorded"
    return Counter("sendtrail_clock_was_ahead", help_text, ("what",))


def _clock_difference() -> Gauge:
    with _MAKING:
        return _make_clock_difference()


@cache
def _make_clock_difference() -> Gauge:
    from prometheus_client import Gauge

    return Gauge(
        "sendtrail_clock_difference_seconds",
        "Seconds by which this machine's clock is ahead of the database's, at the last comparison",
        # All processes of one folder are on one machine, which has one clock.
        multiprocess_mode="mostrecent",
    )


def _histogram(operation: str, labels: tuple[str, ...] = ()) -> Histogram:
    with _MAKING:
        return _make_histogram(operation, labels)


@cache
def _make_histogram(operation: str, labels: tuple[str, ...]) -> Histogram:
    from prometheus_client import Histogram

    return Histogram(f"sendtrail_{operation}_seconds", _HELP[operation], labels, buckets=_BUCKETS)
