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


LONG = "x" * 10_001
# A header, the rest of a row behind its phone, and the field for which the row is rejected.
WRONG_ELSEWHERE = {
    "evidence": ("phone,opted_out,opt_out_evidence", f"yes,{LONG}", "opt_out_evidence"),
    "evidence alone": ("phone,name,opt_out_evidence", f"A,{LONG}", "opt_out_evidence"),
    "NUL": ("phone,opted_out,opt_out_evidence", "yes,by\0phone", "opt_out_evidence"),
    "date": ("phone,opted_out_at", f"2026-03-01 10:00 {LONG}", "opt_out_evidence"),
    "how": ("phone,opted_out,opted_out_at", "yes,by phone", "opted_out"),
    "how first": ("phone,opted_out_at,opted_out", "by phone,yes", "opted_out"),
    "spare": ("phone,opted_out,name", "yes,a,b,c", "row"),
    "inner": ("phone,opted_out,name", 'yes,"Kedai "Maju" Jaya"', "row"),
    "before": ("phone,name,opted_out", '"Kedai "Maju" Jaya",yes', "row"),
    "open": ("phone,opted_out,name", 'yes,"Kedai', "row"),
    "many lines": ("phone,opted_out,name", 'yes,"Kedai\nMaju" Jaya', "row"),
    "field": ("phone,opted_out,name", f"yes,{'x' * 131_073}", "row"),
    "field before": ("phone,name,opted_out", f"{'x' * 131_073},yes", "row"),
}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("header", "cells", "field"), WRONG_ELSEWHERE.values(), ids=WRONG_ELSEWHERE
)
def test_a_no_is_heard_whatever_is_wrong_beside_it(
    container: Container, tmp_path: Path, header: str, cells: str, field: str, known: bool
) -> None:
    """Its row is rejected as before, and no other row is touched."""
    if known:
        given.lead(container, 1)
    path = write(tmp_path, header, f"{given.phone(1)},{cells}", given.phone(2))

    looked = imports(container, path, dry_run=True)
    result = imports(container, path)

    assert looked == result
    assert (result.registered, result.opted_out) == (1, int(known))
    assert (result.rejected[0].line, result.rejected[0].field) == (2, field)
    lead = container.outreach.lead_id(given.phone(1)) if known else given.lead(container, 1)
    assert is_out(container, lead)
    assert not is_out(container, container.outreach.lead_id(given.phone(2)))
    proves_itself(container)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("phone,opted_out,opted_out_at", f"{given.phone(1)},,by phone"),
        ("phone,opted_out,opted_out_at", f"{given.phone(1)},no,by phone"),
        ("phone,opted_out,name", f"{given.phone(1)},no,a,b"),
        ("phone,opted_out,name", f'{given.phone(1)},no,"yes'),
        # Behind the fault there are more cells than columns: which is which cannot be told.
        ("opted_out,name,agent,phone", f'yes,"Ali "Boy", Jr",{given.phone(1)},{given.phone(2)}'),
        ("opted_out,opt_out_evidence,phone", f"no,wrote STOP,{given.phone(1)}"),
    ],
    ids=["how", "no and how", "spare", "open", "shifted", "evidence"],
)
def test_what_cannot_be_understood_is_asked_about(
    container: Container, tmp_path: Path, header: str, row: str
) -> None:
    """Nothing is guessed."""
    lead = given.lead(container, 1)

    result = imports(container, write(tmp_path, header, row))

    assert (len(result.rejected), result.opted_out) == (1, 0)
    assert not is_out(container, lead)
    assert then.table(container, "suppressions") == []


def test_the_evidence_is_as_much_as_can_be_kept(container: Container, tmp_path: Path) -> None:
    rows = [f"{given.phone(1)},yes,{LONG}", f"{given.phone(2)},yes,by\0phone"]
    for number in (1, 2):
        given.lead(container, number)
    imports(container, write(tmp_path, "phone,opted_out,opt_out_evidence", *rows))
    assert {event.evidence for event in then.events(container, "lead.opted_out")} == {
        LONG[:10_000],
        "by\ufffdphone",
    }


def test_an_erased_person_stays_forgotten(container: Container, tmp_path: Path) -> None:
    """Her number, and one that she had besides, are kept nowhere, whatever her row says."""
    one, other = given.many_leads(container, 2)
    container.outreach.merge_leads(one, other, actor="api:boss")
    container.outreach.erase_lead(one, actor="api:boss")
    before = then.count(container.database)

    for update in (False, True):
        for number in (1, 2):
            rows = [f"{given.phone(number)},A,{zone},yes" for zone in ("", "Mars/Olympus")]
            result = imported(container, tmp_path, *rows, update=update)
            assert (result.known, len(result.rejected)) == (0, 2)
            assert result.opted_out == 0
    assert then.table(container, "suppressions") == []
    assert then.count(container.database) == before
