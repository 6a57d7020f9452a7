"""What is measured while it happens, for Prometheus.

Processes that ``share`` write to files in one folder (prometheus-client's multiprocess mode), so
that ``/metrics`` shows the sum of them all. The client decides once, when it is first imported, how
it keeps values; that is why it is imported late.
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
    from prometheus_client import Counter, Histogram

# The client refuses to have one twice, as two threads would make it that both measure first.
_MAKING = Lock()

FOLDER = "PROMETHEUS_MULTIPROC_DIR"

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_HELP = {
    "append": "Seconds to project and append one batch of events, without the commit",
    "claim": "Seconds of one claim transaction",
    "gateway": "Seconds until a gateway answered, by gateway and outcome",
}


def share(home: Path) -> None:
    """From now on this process measures into the folder of ``home``."""
    folder = home / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault(FOLDER, str(folder))


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Measures the block as ``append`` or ``claim``."""
    began = perf_counter()
    yield
    _histogram(what).observe(perf_counter() - began)


@cache
def gateway(name: str, outcome: str) -> Callable[[float], None]:
    """What to call, with the seconds that it took, when a gateway has answered."""
    return _histogram("gateway", ("gateway", "outcome")).labels(name, outcome).observe


def refused(gateway: str) -> None:
    """A webhook's request did not prove that it comes from the provider."""
    _refusals().labels(gateway).inc()


def _refusals() -> Counter:
    with _MAKING:
        return _make_refusals()


@cache
def _make_refusals() -> Counter:
    from prometheus_client import Counter

    return Counter("sendtrail_webhooks_refused", "Webhook requests without proof", ("gateway",))


def _histogram(what: str, labels: tuple[str, ...] = ()) -> Histogram:
    with _MAKING:
        return _make_histogram(what, labels)


@cache
def _make_histogram(what: str, labels: tuple[str, ...]) -> Histogram:
    from prometheus_client import Histogram

    return Histogram(f"sendtrail_{what}_seconds", _HELP[what], labels, buckets=_BUCKETS)
