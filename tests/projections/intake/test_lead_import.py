"""Leads from CSV files: good rows land, bad rows are reported, a file that is none is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from domain.errors import InvalidInputError
from projections.container import Container
from projections.intake.lead_import import Imported, Options, import_leads
from tests.support import given, then, when


def write(folder: Path, *lines: str | bytes, encoding: str = "utf-8") -> Path:
    """A file of these lines."""
    path = folder / "leads.csv"
    encoded = (line if isinstance(line, bytes) else line.encode(encoding) for line in lines)
    path.write_bytes(b"\n".join(encoded) + b"\n")
    return path


def imports(
    container: Container,
    path: Path,
    region: str | None = None,
    progress: Callable[[int], None] = lambda rows: None,
    **options: Any,
) -> Imported:
    return import_leads(
        container.database,
        container.outreach,
        path,
        Options(region=region, **options),
        actor="cli:anna",
        progress=progress,
    )


def numbered(count: int, first: int = 1) -> list[str]:
    return [f"{given.phone(number)},Lead {number}" for number in range(first, first + count)]


def test_every_column_lands_where_it_belongs(container: Container, tmp_path: Path) -> None:
    """Lists are separated by semicolons, devices go by name, the rest becomes attributes."""
    device = given.device(container, "Sales 1")
    path = write(
        tmp_path,
        "Phone, name ,niche,target_status,triggers,device,timezone,city,order_number",
        "+60123456789,Aisyah,B1; X,Customer,COLD;VIP,sales 1,Asia/Kuala_Lumpur,Ipoh,",
    )

    result = imports(container, path)

    assert (result.registered, result.known, result.rejected) == (1, 0, [])
    lead = container.outreach.get_lead(container.outreach.lead_id("+60123456789"))
    assert lead.triggers == ("COLD", "VIP")
    assert lead.profile.name == "Aisyah"
    assert lead.profile.niche == ("B1", "X")
    assert lead.profile.target_status == "customer"
    assert lead.profile.device_id == device
    assert lead.profile.timezone == "Asia/Kuala_Lumpur"
    assert lead.profile.attributes == {"city": "Ipoh"}


def test_only_the_phone_is_needed(container: Container, tmp_path: Path) -> None:
    """Spreadsheets add a mark at the beginning, carriage returns and empty lines: none matters."""
    path = write(tmp_path, b"\xef\xbb\xbfphone\r", "+60123456789\r", "\r", "  ", "+60123456780\r")

    assert imports(container, path).registered == 2

    lead = container.outreach.get_lead(container.outreach.lead_id("+60123456789"))
    assert (lead.profile.target_status, lead.profile.niche, lead.triggers) == ("prospect", (), ())


def test_one_phone_in_three_spellings_is_one_lead(container: Container, tmp_path: Path) -> None:
    """The second and third are reported with the line of the first."""
    path = write(tmp_path, "phone", "012-345 6789", "+60123456789", "60 12 345 6789")

    result = imports(container, path, region="MY")

    assert result.registered == 1
    assert [(r.line, r.reason) for r in result.rejected] == [
        (3, "phone: the same as in line 2"),
        (4, "phone: the same as in line 2"),
    ]


def test_importing_twice_changes_nothing(container: Container, tmp_path: Path) -> None:
    """Not even what was changed by hand meanwhile."""
    path = write(tmp_path, "phone,name", *numbered(5))
    imports(container, path)
    before = then.count(container.database)

    result = imports(container, path)

    assert (result.registered, result.known, result.rejected) == (0, 5, [])
    assert then.count(container.database) == before


def test_a_file_that_grew_adds_the_new_ones(container: Container, tmp_path: Path) -> None:
    """Whoever keeps one list need not cut it."""
    imports(container, write(tmp_path, "phone,name", *numbered(5)))

    result = imports(container, write(tmp_path, "phone,name", *numbered(8)))

    assert (result.registered, result.known) == (3, 5)


HEADER = "phone,name,target_status,triggers,device,timezone,note"
GOOD = "+60120000001,Good,,,,,"
BAD_ROWS = [
    ("12,Bad,,,,,", "phone: expected a country code such as +60"),
    ("0123456789,Bad,,,,,", "phone: expected a country code such as +60"),
    ("hello,Bad,,,,,", "phone: expected a"),
    (",Bad,,,,,", "phone: expected a"),
    ("+6012345678901234567,Bad,,,,,", "phone: expected a phone number"),
    ("+60129999999,Bad,vip,,,,", "target_status: expected 'prospect' or 'customer'"),
    ("+60129999999,Bad,,,Nobody,,", "device: expected the name or id of a device in service"),
    ("+60129999999,Bad,,,,Mars,", "timezone: expected an IANA time zone"),
    ("+60129999999,Bad\0,,,,,", "name: expected 0 to 500 characters, without NUL"),
    (f"+60129999999,{'x' * 501},,,,,", "name: expected 0 to 500 characters"),
    (f"+60129999999,Bad,,,,,{'x' * 10_001}", "attributes.note: expected 0 to 10000 characters"),
    (f"+60129999999,Bad,,{'x' * 101},,,", "triggers: expected tokens of 1 to 100 characters"),
    ("+60129999999,Bad,,,,,,spare", "row: expected at most 7 fields, as the header has, not 8"),
    ('+60129999999,"Bad" luck,,,,,', "row: expected a '\"' within quotes written twice"),
    ('+60129999999,"Bad', "row: expected a '\"' within quotes written twice"),
    (f"+60129999999,Bad,,,,,{'x' * 131_073}", "row: expected fields of at most 131072 characters"),
]


def test_bad_rows_are_reported_and_the_others_land(container: Container, tmp_path: Path) -> None:
    """Each with its line and what was expected, and without the person's data."""
    path = write(tmp_path, HEADER, *(row for row, _ in BAD_ROWS), GOOD)

    result = imports(container, path)

    assert result.registered == 1
    assert [r.line for r in result.rejected] == list(range(2, 2 + len(BAD_ROWS)))
    for rejected, (_, reason) in zip(result.rejected, BAD_ROWS, strict=True):
        assert rejected.reason.startswith(reason)
        assert "9999999" not in rejected.reason
        assert "Bad" not in rejected.reason
    assert then.count(container.database) == 1


def test_lines_are_those_of_the_file(container: Container, tmp_path: Path) -> None:
    """Also where a field has several lines."""
    path = write(tmp_path, "phone,note", '+60120000001,"a\nb\nc"', "", "bad,", '+60120000002,"x"')

    result = imports(container, path)

    assert [r.line for r in result.rejected] == [6]
    lead = container.outreach.get_lead(container.outreach.lead_id("+60120000001"))
    assert lead.profile.attributes == {"note": "a\nb\nc"}


NO_HEADER = "header: expected a column 'phone' or 'mobile', or map=phone:COLUMN to say which one"
NO_LISTS: list[tuple[list[str | bytes], str]] = [
    ([], NO_HEADER),
    (["name,niche", "A,B"], NO_HEADER),
    (["+60120000001,Aisyah"], NO_HEADER),
    (["phone,name,Name"], "header: expected column names that differ; 'Name' comes twice"),
    (["phone" + ",x" * 1000], "header: expected at most 1000 columns"),
    (
        ["phone,name", *["+6012,Bj\u00f6rn"] * 3, "+6012,Ren\xe9".encode("latin-1")],
        "line 5: expected text in UTF-8, UTF-16 or one Windows code page",
    ),
    (
        ["phone,name", GOOD[:18], "+60120000002," + "x" * 10_000_000],
        "line 3: expected lines of at most 1000000 characters",
    ),
    (["phone,name", *['+60120000002,"a" b'] * 101], "line 102: expected at most 100 rows with"),
]


def test_a_file_that_is_no_list_of_leads_writes_nothing(
    container: Container, tmp_path: Path
) -> None:
    """Empty, without a phone column or a header, with a column twice, damaged, with a line of
    10 MB, with quotes all wrong. Even where its first rows are good it is refused as a
    whole, with one clear sentence."""
    for lines, error in NO_LISTS:
        with pytest.raises(InvalidInputError) as refused:
            imports(container, write(tmp_path, *lines))

        assert str(refused.value).startswith(error)
        assert then.count(container.database) == 0


def test_a_file_that_goes_wrong_far_down_writes_nothing(
    container: Container, tmp_path: Path
) -> None:
    """After thousands of good rows, where the first chunks would have been written already."""
    path = write(tmp_path, "phone,name", *numbered(2500), "x" * 1_000_001)

    with pytest.raises(InvalidInputError, match=r"line 2502: expected lines of at most"):
        imports(container, path)

    assert then.count(container.database) == 0


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_cannot_be_read_is_named(
    container: Container, tmp_path: Path, name: str
) -> None:
    """A wrong path, or a folder."""
    with pytest.raises(InvalidInputError, match=r"expected a file to read \("):
        imports(container, tmp_path / name)


def test_an_import_that_was_killed_goes_on_when_it_is_repeated(
    container: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first thousand had landed; nothing is doubled and nothing is missing."""
    path = write(tmp_path, "phone,name", *numbered(2500))
    seen: list[int] = []

    def dies(rows: int) -> None:
        seen.append(rows)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imports(container, path, progress=dies)
    assert (seen, then.count(container.database)) == ([1000], 1000)

    result = imports(container, path, progress=seen.append)

    assert (result.registered, result.known) == (1500, 1000)
    assert seen == [1000, 1000, 2000, 2500]
    assert then.count(container.database, "leads") == 2500


def test_two_imports_of_one_file_at_once_register_everybody_once(
    container: Container, tmp_path: Path
) -> None:
    """Two people had the same idea."""
    work = partial(imports, container, write(tmp_path, "phone,name", *numbered(1500)))

    results = when.at_once(work, work)

    assert sum(result.registered for result in results) == 1500
    assert sum(result.known for result in results) == 1500
    assert then.count(container.database) == 1500
