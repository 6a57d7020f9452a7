"""What is measured may be measured by several threads at once, also the first time."""

from __future__ import annotations

from functools import cache
from threading import Lock
from time import perf_counter

import pytest

from projections.config import metrics
from tests.support import then, when


def measure() -> float:
    began = perf_counter()
    with metrics.timed("claim"):
        pass
    metrics.refused("gowa")
    return began


class Making:
    """The lock that is held while a metric is made. It knows how many threads wait for it."""

    def __init__(self) -> None:
        self.waiting = 0
        self._lock = Lock()
        self._counting = Lock()

    def _count(self, change: int) -> None:
        with self._counting:
            self.waiting += change

    def __enter__(self) -> None:
        self._count(1)
        self._lock.acquire()
        self._count(-1)

    def __exit__(self, *_: object) -> None:
        self._lock.release()


@pytest.fixture
def nothing_measured_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of its own. Whoever makes a metric in it goes on when another thread wants the
    same: either it waits for the lock, or it makes one too."""
    import prometheus_client
    from prometheus_client import CollectorRegistry, Counter, Histogram

    registry, making = CollectorRegistry(), Making()

    def late(kind: type) -> object:
        makers: list[object] = []

        def make(*arguments: object, **options: object) -> object:
            makers.append(None)
            then.soon(lambda: making.waiting or len(makers) > 1)
            return kind(*arguments, **options, registry=registry)

        return make

    monkeypatch.setattr(metrics, "_MAKING", making)
    monkeypatch.setattr(prometheus_client, "Histogram", late(Histogram))
    monkeypatch.setattr(prometheus_client, "Counter", late(Counter))
    for name in ("_make_histogram", "_make_counter"):
        monkeypatch.setattr(metrics, name, cache(getattr(metrics, name).__wrapped__))


@pytest.mark.usefixtures("nothing_measured_yet")
def test_threads_that_measure_first_at_the_same_time_share_the_measure() -> None:
    assert len(when.at_once(*[measure] * 6)) == 6
