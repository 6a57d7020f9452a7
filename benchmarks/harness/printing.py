"""Prints the results of a run as a table for people, and writes them as JSON for machines."""

from __future__ import annotations

from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.harness.measuring import Comparison, RowResult, RunResult, Series, Target

# Wider than the table ever is, so that no cell is cut.
WIDTH = 240


def show(console: Console, run: RunResult, machine: dict[str, str]) -> None:
    """Print the table, the failures, the notes, and what the figures depend on (``machine``)."""
    table = Table(title="median of the rounds (lowest to highest)")
    table.add_column("what", no_wrap=True)
    table.add_column("Sendtrail", justify="right", no_wrap=True)
    table.add_column("beside it", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("ratio", justify="right", no_wrap=True)
    table.add_column("target", no_wrap=True)
    table.add_column("rounds", justify="right")
    previous = None
    for result in run.results:
        if previous is not None and result.group != previous:
            table.add_section()
        table.add_row(*_cells(result))
        previous = result.group
    console.print(table)
    for name, error in run.failures.items():
        console.print(f"failed: {name}: {error}", highlight=False, soft_wrap=True, markup=False)
    for note in run.notes:
        console.print(note, highlight=False, soft_wrap=True, markup=False)
    console.print(_machine_line(machine), highlight=False, soft_wrap=True, markup=False)


def as_json(run: RunResult, machine: dict[str, str]) -> bytes:
    """The same as a JSON document, with the numbers of every round."""
    document = {
        "machine": machine,
        "results": [_document(result) for result in run.results],
        "failures": run.failures,
        "notes": run.notes,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _cells(result: RowResult) -> list[str]:
    row, ratios = result.row, result.ratios
    contender = theirs = ratio = target = ""
    if isinstance(row, Comparison):
        contender, theirs = row.contender, "not installed"
    if result.theirs is not None:
        theirs = _series(result.theirs, row.unit)
    if ratios is not None:
        ratio = f"{ratios.median:.2f} ({ratios.low:.2f}–{ratios.high:.2f})"  # noqa: RUF001
    if row.target is not None:
        words = {True: "met", False: "NOT MET", None: "not known"}
        target = f"{_target(row.target, row.unit)} {words[result.met]}"
    rounds = str(len(result.ours.rounds))
    return [row.label, _series(result.ours, row.unit), contender, theirs, ratio, target, rounds]


def _document(result: RowResult) -> dict[str, Any]:
    row = result.row
    document: dict[str, Any] = {
        "group": result.group,
        "what": row.label.strip(),
        "unit": row.unit,
        "sendtrail": _summary(result.ours),
    }
    if isinstance(row, Comparison):
        document |= {
            "beside": row.contender,
            "theirs": None if result.theirs is None else _summary(result.theirs),
            "ratio": None if result.ratios is None else _summary(result.ratios),
        }
    if row.target is not None:
        document["target"] = row.target._asdict() | {"met": result.met}
    return document


def _series(series: Series, unit: str) -> str:
    text = _short(series.median) + (unit if unit.startswith("/") else f" {unit}")
    if len(series.rounds) > 1:
        text += f" ({_short(series.low)}–{_short(series.high)})"  # noqa: RUF001
    return text


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


def _machine_line(machine: dict[str, str]) -> str:
    return ", ".join(
        f"{value} {name}" if name == "cores" else f"{name} {value}"
        for name, value in machine.items()
    )
