"""What the benchmarks measure, under which names, and with which targets."""

from __future__ import annotations

import pytest

from benchmarks.harness.measuring import Comparison, Target
from benchmarks.measurements import catalogue


def rows(quick: bool) -> list[tuple[str, str, str, Target | None]]:
    """Group, label, contender (empty if there is none) and target of each row."""
    return [
        (group, row.label, row.contender if isinstance(row, Comparison) else "", row.target)
        for group, measurement in catalogue.select(catalogue.NAMES, quick)
        for row in measurement.rows
    ]


@pytest.mark.parametrize("quick", [True, False])
def test_no_two_rows_are_called_the_same(quick: bool) -> None:
    """By its group, its label and what is beside it a row is found in another run."""
    names = [row[:3] for row in rows(quick)]
    assert len(names) == len(set(names)) > 50


@pytest.mark.parametrize(
    ("group", "label", "contender", "targets"),
    [
        ("append", "append, 1 per commit, 8 writers", "library", {"≥ 1"}),
        ("append", "append, 100 per commit, 8 writers", "library", {"≥ 5"}),
        ("append", "append, 10,000 per commit, 1 writer", "library", {"≥ 5"}),
        ("schedule", "schedule a campaign", "pgqueuer", {"≥ 1.2"}),
        ("schedule", "schedule 5 steps", "pgqueuer", {"≥ 1"}),
        ("lifecycle", "claim, queue, send 40,000", "pgqueuer", {"≥ 1"}),
        ("lifecycle", "claim, queue, send 40,000", "bare SQL", {"≥ 0.8"}),
        ("http", "", "", {"≥ 2500"}),
        ("growth", "", "in a fresh log", {"≥ 0.9"}),
        ("claim", "claim 1,000 of", "", {"≤ 100", "≤ 1.5"}),
        ("campaign", "", "", {"≤ 200"}),
        ("rebuild", "rebuild 1,000,000 events", "", {"≥ 60000", "≤ 1.25"}),
        ("receipts", "webhook request", "GET /healthz", {"≤ 2"}),
        ("receipts", "record 60,000 receipts", "", {"≥ 10000", "≤ 2000"}),
        ("api", "POST and PATCH /leads, 50 clients, at 1,000,000", "", {"≥ 450", "≤ 250"}),
        ("api", "list ", "", {"≤ 100"}),
        ("pages", "page ", "", {"≤ 100"}),
        ("pages", "first load", "", {"≤ 150"}),
        ("import", "", "", {"≥ 10000"}),
    ],
)
def test_targets_are_those_of_the_design(
    group: str, label: str, contender: str, targets: set[str]
) -> None:
    found = {
        f"{target.side} {target.bound:g}"
        for row_group, row_label, row_contender, target in rows(quick=False)
        if row_group == group
        and row_label.startswith(label)
        and row_contender.startswith(contender)
        and "flush +" not in row_label
        and target is not None
    }
    assert found == targets
