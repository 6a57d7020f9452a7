"""What is measured may be measured by several threads at once, also the first time."""

from __future__ import annotations

from functools import cache
from time import perf_counter

import pytest

from projections.config import metrics
from tests.support import when


def measure() -> float:
    began = perf_counter()
    with metrics.timed("claim"):
        pass
    metrics.refused("gowa")
    return began


@pytest.fixture
def nothing_measured_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of its own, in which making a measure takes a while."""
    import prometheus_client
    from prometheus_client import CollectorRegistry, Counter, Histogram

    registry = CollectorRegistry()

    def slowly(kind: type) -> object:
        def make(*given: object, **more: object) -> object:
            for _ in range(200_000):  # the others get there meanwhile
                pass
            return kind(*given, **more, registry=registry)

        return make

    monkeypatch.setattr(prometheus_client, "Histogram", slowly(Histogram))
    monkeypatch.setattr(prometheus_client, "Counter", slowly(Counter))
    for name in ("_make_histogram", "_make_refusals"):
        monkeypatch.setattr(metrics, name, cache(getattr(metrics, name).__wrapped__))


@pytest.mark.usefixtures("nothing_measured_yet")
def test_threads_that_measure_first_at_the_same_time_share_the_measure() -> None:
    assert len(when.at_once(*[measure] * 6)) == 6
