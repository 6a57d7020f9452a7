"""Lists of erased people: written, read, and done again."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.errors import InvalidInputError
from projections.audit import erasures
from projections.container import Container
from tests.support import given, then

ONE, TWO = UUID(int=1), UUID(int=2)


def test_a_list_has_ids_or_json_and_blank_lines() -> None:
    text = f'{ONE}\n\n  {{"lead_id": "{TWO}", "at": "2026-03-02"}}  \n'

    assert erasures.parse(text, "erased.txt") == [ONE, TWO]


@pytest.mark.parametrize("line", ["Aisyah", '{"lead_id": 7}', '{"id": "x"}', "{", "[]"])
def test_a_bad_line_is_named_by_its_number(line: str) -> None:
    """And not repeated, for it may be a person's name."""
    with pytest.raises(InvalidInputError) as refused:
        erasures.parse(f"{ONE}\n\n{line}\n", "erased.txt")

    assert str(refused.value).startswith("erased.txt: expected in line 3 the id of a lead")
    assert "Aisyah" not in str(refused.value)


def test_each_is_erased_once_and_strangers_pass(container: Container) -> None:
    """By the ordinary command, whose event says by whom."""
    aisyah, siti, budi = (given.lead(container, number, name="A") for number in (1, 2, 3))
    container.outreach.erase_lead(siti, actor="api:boss")
    stranger, counted = UUID(int=99), list[int]()

    done = erasures.repeat(
        container.outreach,
        container.database,
        [aisyah, siti, stranger, aisyah],
        "cli:anna",
        counted.append,
    )

    assert done == erasures.Repeated(erased=1, already=1, unknown=1)
    assert counted == [1, 2, 3]
    assert erasures.erased_leads(container.database) == [siti, aisyah]
    assert then.events(container, "lead.erased")[-1].actor == "cli:anna"
    assert container.outreach.get_lead(budi).profile.name == "A"
