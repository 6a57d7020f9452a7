"""A run beside an earlier one: which rows belong together, which are missing, which ratio fell."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from benchmarks.__main__ import EXPECTED, MOST_FALL, main
from benchmarks.harness import comparing
from benchmarks.harness.comparing import RowKey, RunComparison
from benchmarks.harness.measuring import Comparison, Figure, RowResult, RunResult, Series
from benchmarks.harness.printing import as_json
from benchmarks.measurements import catalogue
from domain.errors import InvalidInputError

SENDS = Comparison("sends", "ours", "another queue", "theirs")
STORES = Comparison("sends", "ours", "bare SQL", "floor")
MEMORY = Figure("memory", "peak", "MiB")


def result(row: Comparison | Figure, ours: float, theirs: float | None = None) -> RowResult:
    beside = None if theirs is None else Series([theirs])
    return RowResult("sending", row, Series([ours]), beside)


def run_of(*results: RowResult) -> RunResult:
    return RunResult(list(results), [], {})


def compared(tmp_path: Path, before: RunResult, now: RunResult) -> RunComparison:
    path = tmp_path / "before.json"
    path.write_bytes(as_json(before, {"cores": "2"}))
    return comparing.compare(now, comparing.read(path))


def test_rows_are_matched_by_group_and_what_and_what_is_beside(tmp_path: Path) -> None:
    """Two rows of one label, with other contenders, are two rows."""
    comparison = compared(
        tmp_path,
        run_of(result(SENDS, 100, 50), result(STORES, 100, 200), result(MEMORY, 80)),
        run_of(result(MEMORY, 60), result(STORES, 10, 40), result(SENDS, 10, 5)),
    )

    assert {change.key.beside: change.factor for change in comparison.changes} == {
        "another queue": 1.0,
        "bare SQL": 0.5,
        "": 0.75,
    }
    assert (comparison.only_before, comparison.only_now) == ([], [])


def test_rows_of_one_run_alone_are_named(tmp_path: Path) -> None:
    """So is a row whose contender was not installed in one of them."""
    comparison = compared(
        tmp_path,
        run_of(result(SENDS, 100, 50), result(MEMORY, 80)),
        run_of(result(SENDS, 100), result(STORES, 100, 50)),
    )
    console = Console(file=io.StringIO(), width=200)
    comparing.show(console, comparison)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue().splitlines()

    assert comparison.changes == []
    assert [line for line in shown if line.startswith("only")] == [
        "only in the earlier run: sending: sends, beside another queue",
        "only in the earlier run: sending: memory",
        "only in this run: sending: sends, beside bare SQL",
    ]


@pytest.mark.parametrize(("ours", "fell"), [(74.0, True), (76.0, False), (130.0, False)])
def test_a_ratio_falls_by_more_than_a_quarter_or_not(
    tmp_path: Path, ours: float, fell: bool
) -> None:
    """How much memory there was is no ratio, and falls as it likes."""
    comparison = compared(
        tmp_path,
        run_of(result(SENDS, 100, 100), result(MEMORY, 80)),
        run_of(result(SENDS, ours, 100), result(MEMORY, 1)),
    )

    keys = [RowKey("sending", "sends", "another queue")] if fell else []
    assert [change.key for change in comparison.fallen(MOST_FALL)] == keys


@pytest.mark.parametrize(
    "content", [None, b"", b"\xff\xfe", b"[]", b'{"results": [{"group": 1}]}', b'{"machine": {}}']
)
def test_a_file_that_is_no_earlier_run_is_one_line_before_anything_is_measured(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "before.json"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InvalidInputError, match=str(path)):
        comparing.read(path)
    answer = CliRunner().invoke(main, ["--quick", "--against", str(path)])
    assert answer.exit_code == 1
    [line] = answer.output.splitlines()
    assert line.startswith(f"Error: against: expected a file that --json has written: {path}: ")


@pytest.mark.parametrize(
    ("results", "exit_code", "said"),
    [
        ([result(SENDS, 80, 100)], 0, ""),
        ([result(SENDS, 70, 100)], 1, "fell by 30%: sending: sends, beside another queue"),
        ([result(SENDS, 80, 100), result(STORES, 1, 1)], 1, "only in this run: sending: sends"),
        ([], 1, "only in the earlier run: sending: sends, beside another queue"),
    ],
    ids=["as it was", "fell", "nobody expected it", "not measured"],
)
def test_a_check_fails_where_a_ratio_fell_or_is_missing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    results: list[RowResult],
    exit_code: int,
    said: str,
) -> None:
    path = tmp_path / "expected.json"
    path.write_bytes(as_json(run_of(result(SENDS, 100, 100)), {}))
    monkeypatch.setattr("benchmarks.__main__._check", lambda rounds: (run_of(*results), {}))

    answer = CliRunner().invoke(main, ["--check", "--against", str(path)])

    assert answer.exit_code == exit_code
    assert said in answer.output


def test_what_a_check_measures_is_expected() -> None:
    """A row under another name would be compared with nothing."""
    measured = {
        RowKey(group, row.label, row.contender)
        for group, measurement in catalogue.processor_costs()
        for row in measurement.rows
        if isinstance(row, Comparison)
    }
    assert measured == set(comparing.read(EXPECTED))
