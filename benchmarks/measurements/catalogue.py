"""All measurements with their sizes, by the names that ``--only`` takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.harness import slow_flush
from benchmarks.harness.measuring import Measurement
from benchmarks.measurements.api import ApiMeasurement
from benchmarks.measurements.api_flushing import ApiFlushingMeasurement
from benchmarks.measurements.append import AppendMeasurement, SlowFlushAppendMeasurement
from benchmarks.measurements.claim import ClaimMeasurement
from benchmarks.measurements.flushing import FlushingMeasurement
from benchmarks.measurements.growth import GrowthMeasurement
from benchmarks.measurements.house_rules import HouseRulesMeasurement
from benchmarks.measurements.http_sending import HttpSendingMeasurement
from benchmarks.measurements.importing import ImportMeasurement
from benchmarks.measurements.large_campaign import LargeCampaignMeasurement
from benchmarks.measurements.lifecycle import LifecycleMeasurement
from benchmarks.measurements.pages import PagesMeasurement
from benchmarks.measurements.processor_costs import (
    AppendCost,
    CampaignCost,
    LifecycleCost,
    ReceiptsCost,
)
from benchmarks.measurements.rebuild import RebuildMeasurement
from benchmarks.measurements.receipts import ReceiverMeasurement, WebhookMeasurement
from benchmarks.measurements.schedule import CampaignMeasurement, EnrollmentMeasurement
from benchmarks.measurements.slow_clients import SlowClientsMeasurement


def _full() -> dict[str, list[Measurement]]:
    return {
        "append": [
            AppendMeasurement(
                {1: 1000, 100: 10_000, 1000: 20_000, 10_000: 40_000}, processes=(1, 2, 4, 8)
            ),
            SlowFlushAppendMeasurement({1: 1200, 100: 10_000, 1000: 20_000}, processes=(1, 4, 8)),
        ],
        "schedule": [CampaignMeasurement(leads=100_000), EnrollmentMeasurement(leads=20_000)],
        "lifecycle": [
            LifecycleMeasurement(messages=40_000, processes=(1, 2, 4)),
            FlushingMeasurement(messages=20_000, processes=(1, 4)),
            HouseRulesMeasurement(messages=100_000),
        ],
        "http": [HttpSendingMeasurement(messages=10_000)],
        "claim": [ClaimMeasurement((10_000, 100_000, 1_000_000), claims=20)],
        "growth": [GrowthMeasurement(leads=40_000, campaigns_before=30)],
        "campaign": [LargeCampaignMeasurement(leads=1_000_000, rounds=2)],
        "rebuild": [RebuildMeasurement([(20_000, 0), (40_000, 5)])],
        "api": [
            ApiMeasurement(messages=1_000_000, sent=20_000, commands=4000, queries=500, pages=40),
            ApiFlushingMeasurement(commands=2000, delay=slow_flush.DELAY),
            ApiFlushingMeasurement(commands=2000, delay=slow_flush.LONG),
        ],
        "pages": [PagesMeasurement(leads=100_000, times=40, rounds=3)],
        "receipts": [
            WebhookMeasurement(requests=1000, turns=3, few=1, many=3000),
            ReceiverMeasurement(messages=20_000, devices=3000),
        ],
        "import": [ImportMeasurement(leads=100_000)],
        "slow-clients": [SlowClientsMeasurement(turns=10, seconds=2.0)],
    }


def _quick() -> dict[str, list[Measurement]]:
    """Sizes that only show that everything works."""
    return {
        "append": [
            AppendMeasurement({1: 50, 100: 1000, 1000: 4000, 10_000: 10_000}, processes=(1, 2)),
            SlowFlushAppendMeasurement({1: 160, 100: 1000}, processes=(1, 8)),
        ],
        "schedule": [CampaignMeasurement(leads=2000), EnrollmentMeasurement(leads=200)],
        "lifecycle": [
            LifecycleMeasurement(messages=2000, processes=(1, 2)),
            FlushingMeasurement(messages=2000, processes=(1, 2)),
            HouseRulesMeasurement(messages=2000),
        ],
        "http": [HttpSendingMeasurement(messages=500)],
        "claim": [ClaimMeasurement((5000, 10_000), claims=5)],
        "growth": [GrowthMeasurement(leads=2000, campaigns_before=5)],
        "campaign": [LargeCampaignMeasurement(leads=10_000, rounds=1)],
        "rebuild": [RebuildMeasurement([(2000, 0), (2000, 5)])],
        "api": [
            ApiMeasurement(messages=10_000, sent=1000, commands=1000, queries=100, pages=5),
            ApiFlushingMeasurement(commands=400, delay=slow_flush.DELAY),
        ],
        "pages": [PagesMeasurement(leads=500, times=4, rounds=1)],
        "receipts": [
            WebhookMeasurement(requests=200, turns=2, few=1, many=50),
            ReceiverMeasurement(messages=1000, devices=50),
        ],
        "import": [ImportMeasurement(leads=2000)],
        "slow-clients": [SlowClientsMeasurement(turns=2, seconds=0.5)],
    }


NAMES: Sequence[str] = tuple(_full())


def select(names: Iterable[str], quick: bool) -> list[tuple[str, Measurement]]:
    """The measurements of the groups ``names``, in the catalogue's order, each with its group's
    name; with small sizes if ``quick``."""
    groups = _quick() if quick else _full()
    wanted = set(names)
    return [(name, each) for name in NAMES if name in wanted for each in groups[name]]


def processor_costs() -> list[tuple[str, Measurement]]:
    """The measurements of ``--check``, each with its group's name: less than a minute in all."""
    return [
        ("append", AppendCost(events=15_000, size=1000)),
        ("schedule", CampaignCost(leads=5000)),
        ("lifecycle", LifecycleCost(messages=4000)),
        ("receipts", ReceiptsCost(messages=2000)),
    ]
