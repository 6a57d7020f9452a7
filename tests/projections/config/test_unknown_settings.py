"""A variable that is no setting is named, with the setting that was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from projections.config import unknown_settings
from projections.config.settings import Settings
from tests.support.processes import sendtrail
from tests.support.serve import serving

NAMED = "SENDTRAIL_METRIC is no setting, and changes nothing; is SENDTRAIL_METRICS meant?"


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("SENDTRAIL_METRIC", "SENDTRAIL_METRICS"),
        ("SENDTRAIL_TRUSTED_PROXY", "SENDTRAIL_TRUSTED_PROXIES"),
        ("SENDTRAIL_LEASE_SECOND", "SENDTRAIL_LEASE_SECONDS"),
        ("SENDTRAIL_ZZ", None),
    ],
)
def test_it_is_found_with_the_nearest_one(variable: str, nearest: str | None) -> None:
    assert unknown_settings.find({variable: "off"}) == [(variable, nearest)]


def test_settings_blanks_and_other_programs_variables_are_not() -> None:
    """The tests have variables of their own."""
    known = {f"SENDTRAIL_{name.upper()}": "x" for name in Settings.__struct_fields__}
    others = {"SENDTRAIL_TEST_CASES": "3", "SENDTRAIL_METRIC": " ", "METRICS": "off", "PATH": "/"}

    assert unknown_settings.find(known | others) == []


def test_a_name_is_one_line_and_has_no_value() -> None:
    (found,) = unknown_settings.find({"SENDTRAIL_A\x1b\nB": "s3cret"})

    assert found.line == (
        r"SENDTRAIL_A\x1b\nB is no setting, and changes nothing; docs/settings.md lists them"
    )


def test_whoever_starts_something_is_told(database_url: str, tmp_path: Path) -> None:
    """As a line, and in the log; it is no error."""
    asked = sendtrail("status", database_url=database_url, metric="off")
    ran = sendtrail("run", "reaper", "--once", database_url=database_url, metric="off")
    with serving(database_url, tmp_path, "--workers", "1", metric="off") as server:
        lines = list(server.lines)

    assert (asked.returncode, asked.stdout.splitlines()[-1], asked.stderr) == (0, NAMED, "")
    assert (ran.returncode, ran.stdout) == (0, "reaper: 0\n")
    for said in (ran.stderr.splitlines(), lines):
        assert said[0] == NAMED
        assert '"variable": "SENDTRAIL_METRIC", "nearest": "SENDTRAIL_METRICS"' in said[1]
