"""What a file makes the program do grows with the file, and not with its square."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from domain.errors import InvalidInputError
from projections.intake.files import code_pages, layout
from projections.intake.files.headers import squeezed
from projections.intake.files.reader import open_people_file
from projections.intake.people import PersonReader


@pytest.mark.parametrize("columns", [1001, 20_000])
@pytest.mark.parametrize("name", ["c{}", "c"])
def test_a_file_of_very_many_columns_is_refused_at_its_header(
    tmp_path: Path, columns: int, name: str
) -> None:
    path = tmp_path / "leads.csv"
    header = ",".join(["phone", *(name.format(number) for number in range(columns - 1))])
    path.write_text(f"{header}\n+60123456789\n")

    with pytest.raises(InvalidInputError, match="header: expected at most 1000 columns"):
        open_people_file(path, [])


def test_a_map_of_every_column_looks_at_each_column_a_few_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And not once for each column of the map."""
    asked = 0

    def counted(header: str) -> str:
        nonlocal asked
        asked += 1
        return squeezed(header)

    monkeypatch.setattr(layout, "squeezed", counted)
    headers = ["phone", *(f"c{number}" for number in range(999))]

    layout.lay_out(headers, [("-", header) for header in headers[1:]], frozenset())

    assert asked < 5 * len(headers)


def test_a_word_without_end_is_many_words() -> None:
    """Each of its characters is in one of them, and none is looked at from every other one."""
    text = b"a" * 100_000 + b" M\xfcller " + b"\xe4" * 120

    assert code_pages.words_of(text) == [b"M\xfcller", b"\xe4" * 50, b"\xe4" * 50, b"\xe4" * 20]


ROWS: dict[str, tuple[dict[str, str], str]] = {
    "phone": ({"phone": "(" * 10_000}, "phone: expected a phone number .* of at most 200 char"),
    "triggers": (
        {"triggers": ",".join(f"t{n}" for n in range(10_000))},
        "triggers: expected at most 100 tokens",
    ),
    "niche": ({"niche": ",".join(f"n{n}" for n in range(101))}, "niche: expected at most 100"),
}


@pytest.mark.parametrize("what", ROWS)
def test_a_cell_of_very_much_is_refused_by_its_name(tmp_path: Path, what: str) -> None:
    cells, problem = ROWS[what]
    row: dict[str, Any] = {"phone": "+60123456789", "triggers": "", "niche": "", **cells}
    path = tmp_path / "leads.csv"
    quoted = ",".join(f'"{cell}"' for cell in row.values())
    path.write_text(f"{','.join(row)}\n{quoted}\n")

    file = open_people_file(path, [])
    reader = PersonReader(file.layout, region="MY", devices={})
    with pytest.raises(InvalidInputError, match=problem):
        reader.read(next(file.rows()))


def test_a_hundred_tokens_of_one_kind_are_not_too_many(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    tokens = [f"t{n}" for n in range(100)]
    path.write_text(f'phone,triggers\n+60123456789,"{",".join(tokens)}"\n')

    file = open_people_file(path, [])
    person = PersonReader(file.layout, region="MY", devices={}).read(next(file.rows()))

    assert person.triggers == tuple(tokens)
