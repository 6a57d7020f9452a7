"""The results for people and for machines."""

from __future__ import annotations

from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.harness.measuring import Comparison, Report, Result, Series, Target

# More than the table needs, which takes what it needs.
WIDTH = 240


def show(console: Console, report: Report, machine: dict[str, str]) -> None:
    """Prints one table, what else there is to say, and what the numbers depend on."""
    table = Table(title="median of the rounds (lowest to highest)")
    table.add_column("what", no_wrap=True)
    table.add_column("Sendtrail", justify="right", no_wrap=True)
    table.add_column("beside it", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("ratio", justify="right", no_wrap=True)
    table.add_column("target", no_wrap=True)
    table.add_column("rounds", justify="right")
    previous = None
    for result in report.results:
        if previous is not None and result.group != previous:
            table.add_section()
        table.add_row(*_cells(result))
        previous = result.group
    console.print(table)
    for what, why in report.failures.items():
        console.print(f"failed: {what}: {why}", highlight=False, soft_wrap=True, markup=False)
    for note in report.notes:
        console.print(note, highlight=False, soft_wrap=True, markup=False)
    console.print(_line(machine), highlight=False, soft_wrap=True, markup=False)


def as_json(report: Report, machine: dict[str, str]) -> bytes:
    """The same as JSON, with every round."""
    document = {
        "machine": machine,
        "results": [_document(result) for result in report.results],
        "failures": report.failures,
        "notes": report.notes,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _cells(result: Result) -> list[str]:
    row, ratios = result.row, result.ratios
    beside = theirs = ratio = target = ""
    if isinstance(row, Comparison):
        beside, theirs = row.beside, "not installed"
    if result.theirs is not None:
        theirs = _series(result.theirs, row.unit)
    if ratios is not None:
        ratio = f"{ratios.median:.2f} ({ratios.low:.2f}–{ratios.high:.2f})"  # noqa: RUF001
    if row.target is not None:
        words = {True: "met", False: "NOT MET", None: "not known"}
        target = f"{_target(row.target, row.unit)} {words[result.met]}"
    rounds = str(len(result.ours.rounds))
    return [row.what, _series(result.ours, row.unit), beside, theirs, ratio, target, rounds]


def _document(result: Result) -> dict[str, Any]:
    row = result.row
    document: dict[str, Any] = {
        "group": result.group,
        "what": row.what.strip(),
        "unit": row.unit,
        "sendtrail": _summary(result.ours),
    }
    if isinstance(row, Comparison):
        document |= {
            "beside": row.beside,
            "theirs": None if result.theirs is None else _summary(result.theirs),
            "ratio": None if result.ratios is None else _summary(result.ratios),
        }
    if row.target is not None:
        document["target"] = row.target._asdict() | {"met": result.met}
    return document


def _series(series: Series, unit: str) -> str:
    shown = _short(series.median) + (unit if unit.startswith("/") else f" {unit}")
    if len(series.rounds) > 1:
        shown += f" ({_short(series.low)}–{_short(series.high)})"  # noqa: RUF001
    return shown


def _short(number: float) -> str:
    if number < 10:
        return f"{number:.2f}"
    if number < 100:
        return f"{number:.1f}"
    return f"{number:,.0f}" if number < 10_000 else f"{number / 1000:,.1f}k"


def _target(target: Target, unit: str) -> str:
    if target.of == "ratio":
        return f"{target.side} {target.bound:g}"
    return f"{target.side} {target.bound:,g}{unit if unit.startswith('/') else f' {unit}'}"


def _summary(series: Series) -> dict[str, float | list[float]]:
    return {
        "median": series.median,
        "min": series.low,
        "max": series.high,
        "rounds": series.rounds,
    }


def _line(machine: dict[str, str]) -> str:
    return ", ".join(
        f"{value} {name}" if name == "cores" else f"{name} {value}"
        for name, value in machine.items()
    )
