"""A no in a list is heard, whatever else is wrong with its row."""

from __future__ import annotations

from pathlib import Path

import pytest

from projections.container import Container
from projections.intake.lead_import import Imported
from tests.projections.intake.test_lead_import import imports, write
from tests.support import given, then, when
from tests.support.heard import USER, is_out, proves_itself, says

HEADER = "phone,name,timezone,opted_out"
NO = f"{given.phone(1)},Aisyah,,yes"


def imported(container: Container, folder: Path, *lines: str, **options: bool) -> Imported:
    return imports(container, write(folder, HEADER, *lines), **options)


@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize(
    ("lines", "rejected"),
    [
        ([f"{given.phone(1)},Aisyah,Mars/Olympus,yes"], 1),
        ([f"{given.phone(1)},Aisyah,,", NO], 1),
        ([NO, f"{given.phone(1)},Aisyah,,"], 1),
        ([f"{given.phone(1)},{'x' * 1001},,yes"], 1),
        ([NO], 0),
    ],
    ids=["zone", "second", "first", "name", "good"],
)
def test_whoever_is_known_is_out(
    container: Container, tmp_path: Path, lines: list[str], rejected: int, update: bool
) -> None:
    lead = given.lead(container, 1)

    result = imported(container, tmp_path, *lines, update=update)

    assert is_out(container, lead)
    assert result.opted_out == 1
    # With an update the second row of a person is another update.
    repeated = len(lines) - 1
    assert len(result.rejected) == rejected - (repeated if update else 0)
    proves_itself(container)


def test_whoever_is_not_known_is_remembered(container: Container, tmp_path: Path) -> None:
    """The row is refused; registered without the mistake, she starts opted out."""
    result = imported(container, tmp_path, f"{given.phone(1)},Aisyah,Mars/Olympus,yes")

    assert (result.registered, len(result.rejected)) == (0, 1)
    assert is_out(container, given.lead(container, 1))
    proves_itself(container)


def test_a_row_that_is_wrong_says_no_only_where_it_says_no(
    container: Container, tmp_path: Path
) -> None:
    lead = given.lead(container, 1)
    imported(container, tmp_path, f"{given.phone(1)},Aisyah,Mars/Olympus,no", "me,Siti,,yes")
    assert not is_out(container, lead)
    assert then.table(container, "suppressions") == []


def test_all_who_have_the_number_are_out(container: Container, tmp_path: Path) -> None:
    """Two leads with one name of WhatsApp's may be one person; whose number it is, is out."""
    given.device(container)
    one, other = given.many_leads(container, 2)
    container.outreach.merge_leads(one, other, actor="api:boss")
    when.told(container, says(2, "Hi", "in.1", USER))

    imported(container, tmp_path, f"{given.phone(2)},Siti,,yes")

    assert is_out(container, one)
    assert is_out(container, other)
    proves_itself(container)


def test_a_dry_run_counts_and_changes_nothing(container: Container, tmp_path: Path) -> None:
    lead = given.lead(container, 1)
    result = imported(container, tmp_path, f"{given.phone(1)},A,Mars,yes", dry_run=True)
    assert result.opted_out == 1
    assert not is_out(container, lead)
