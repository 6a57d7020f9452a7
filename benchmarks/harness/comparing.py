"""Compares a run with an earlier one, row by row.

The earlier run is the JSON that ``printing.as_json`` makes. A row is known by its group, what it
measures, and what is beside it. What is compared is the median of the ratios; of a row with nothing
beside it Sendtrail's own number, which says little unless both runs were on one machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.harness.measuring import Comparison, RowResult, RunResult
from domain.errors import InvalidInputError

EXPECTED = "a file that --json has written"


class RowKey(NamedTuple):
    """By what a row is known: ``beside`` is the contender, empty if there is none."""

    group: str
    what: str
    beside: str

    def __str__(self) -> str:
        beside = f", beside {self.beside}" if self.beside else ""
        return f"{self.group}: {self.what}{beside}"


class Value(NamedTuple):
    """What is compared of a row, and its unit, which is ``RATIO`` if it is a ratio."""

    number: float
    unit: str


RATIO = "ratio"


class Change(NamedTuple):
    """A row of both runs: what it was then, and what it is now."""

    key: RowKey
    before: Value
    now: Value

    @property
    def factor(self) -> float:
        """What it is now, divided by what it was then."""
        return self.now.number / self.before.number


class RunComparison(NamedTuple):
    """The rows of both runs; those that only the earlier one has, and those that only this one has.

    A row whose contender one of the runs had not installed is in neither, nor is one that has
    another unit now: such a row is missing in one of them.
    """

    changes: list[Change]
    only_before: list[RowKey]
    only_now: list[RowKey]

    def fallen(self, share: float) -> list[Change]:
        """The rows whose ratio fell by more than that share of what it was."""
        return [c for c in self.changes if c.now.unit == RATIO and c.factor < 1 - share]


class _Summary(msgspec.Struct):
    median: float


class _Row(msgspec.Struct):
    group: str
    what: str
    unit: str
    sendtrail: _Summary
    beside: str = ""
    ratio: _Summary | None = None


class _Document(msgspec.Struct):
    results: list[_Row]


def read(path: Path) -> dict[RowKey, Value]:
    """The rows of an earlier run. Raises InvalidInputError, of the field ``against``, for a file
    that cannot be read or is no such JSON."""
    try:
        document = msgspec.json.decode(path.read_bytes(), type=_Document)
    except OSError as error:
        raise InvalidInputError("against", f"{EXPECTED}: {path}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError("against", f"{EXPECTED}: {path}: {error}") from None
    found = {}
    for row in document.results:
        key = RowKey(row.group, row.what, row.beside)
        value = _value(bool(row.beside), row.ratio, row.sendtrail.median, row.unit)
        if value is not None:
            found[key] = value
    return found


def compare(run: RunResult, before: dict[RowKey, Value]) -> RunComparison:
    """This run beside an earlier one."""
    now = {}
    for result in run.results:
        value = _now(result)
        if value is not None:
            now[_key(result)] = value
    both = [key for key in now if key in before and now[key].unit == before[key].unit]
    return RunComparison(
        [Change(key, before[key], now[key]) for key in both],
        [key for key in before if key not in both],
        [key for key in now if key not in both],
    )


def show(console: Console, comparison: RunComparison) -> None:
    """Print the rows of both runs, and name those of one alone."""
    table = Table(title="beside the earlier run")
    for column in ("what", "beside it"):
        table.add_column(column, no_wrap=True)
    for column in ("before", "now", "now ÷ before"):
        table.add_column(column, justify="right", no_wrap=True)
    previous = None
    for change in comparison.changes:
        if previous is not None and change.key.group != previous:
            table.add_section()
        previous = change.key.group
        numbers = (_in_words(change.before), _in_words(change.now))
        table.add_row(change.key.what, change.key.beside, *numbers, f"{change.factor:.2f}")
    console.print(table)
    for title, keys in (
        ("only in the earlier run", comparison.only_before),
        ("only in this run", comparison.only_now),
    ):
        for key in keys:
            console.print(f"{title}: {key}", highlight=False, soft_wrap=True, markup=False)


def _key(result: RowResult) -> RowKey:
    beside = result.row.contender if isinstance(result.row, Comparison) else ""
    return RowKey(result.group, result.row.label.strip(), beside)


def _now(result: RowResult) -> Value | None:
    ratios = None if result.ratios is None else _Summary(result.ratios.median)
    is_beside = isinstance(result.row, Comparison)
    return _value(is_beside, ratios, result.ours.median, result.row.unit)


def _value(is_beside: bool, ratio: _Summary | None, own: float, unit: str) -> Value | None:
    """None where there is something to compare with, which was not installed. A number that is not
    positive is compared with nothing."""
    if is_beside:
        return None if ratio is None or ratio.median <= 0 else Value(ratio.median, RATIO)
    return None if own <= 0 else Value(own, unit)


def _in_words(value: Value) -> str:
    number = f"{value.number:,.0f}" if value.number >= 100 else f"{value.number:.3g}"
    return number if value.unit == RATIO else f"{number} {value.unit}".replace(" /", "/")
