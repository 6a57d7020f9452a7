"""The results for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks import optional, stock
from benchmarks.measuring import Rates, Result

# What the table needs.
WIDTH = 132


def show(console: Console, results: Sequence[Result], machine: dict[str, str]) -> None:
    """Prints one table of rates per second, and what the numbers depend on."""
    rounds = len(results[0].ours.rounds)
    title = f"events or messages per second: median of {rounds} rounds (lowest–highest)"  # noqa: RUF001
    table = Table(title=title)
    table.add_column("what", no_wrap=True)
    table.add_column("Sendtrail", justify="right", no_wrap=True)
    table.add_column("beside it", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("ratio", justify="right", no_wrap=True)
    previous = None
    for result in results:
        if previous is not None and result.unit != previous.unit:
            table.add_section()
        table.add_row(
            result.comparison.what,
            _rates(result.ours),
            result.comparison.beside,
            _rates(result.theirs),
            f"{result.ratio:.2f}",
        )
        previous = result
    console.print(table)
    console.print(_line(machine), highlight=False, soft_wrap=True)
    if not stock.installed():
        console.print("without the library's recorder: pip install 'sendtrail[bench]'")
    if not optional.pgqueuer():
        console.print("without pgqueuer: pip install 'sendtrail[bench]'")


def as_json(results: Sequence[Result], machine: dict[str, str]) -> bytes:
    """The same as JSON, with every round; rates are per second."""
    document = {
        "machine": machine,
        "results": [
            {
                "what": result.comparison.what.strip(),
                "unit": result.unit,
                "sendtrail": _summary(result.ours),
                "beside": result.comparison.beside,
                "theirs": _summary(result.theirs),
                "ratio": result.ratio,
                "ratios": result.ratios,
            }
            for result in results
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _rates(rates: Rates) -> str:
    return f"{_short(rates.median)} ({_short(rates.low)}–{_short(rates.high)})"  # noqa: RUF001


def _short(rate: float) -> str:
    return f"{rate:,.0f}" if rate < 10_000 else f"{rate / 1000:,.1f}k"


def _summary(rates: Rates) -> dict[str, float | list[float]]:
    return {
        "median": rates.median,
        "min": rates.low,
        "max": rates.high,
        "rounds": rates.rounds,
    }


def _line(machine: dict[str, str]) -> str:
    return ", ".join(
        f"{value} {name}" if name == "cores" else f"{name} {value}"
        for name, value in machine.items()
    )
