"""The SQL functions say what the domain says."""

from __future__ import annotations

from domain import phones
from projections.database.engine import Database, rows
from tests.support import cases

COUNTRIES = ["+55", "+52", "+521", "+54", "+549", "+60", "+1", "+5", "+", "55", ""]
DIGITS = ["82994400021", "8299440002", "8232210002", "0999440002", "5512341017", "9999999999"]
OTHERS = ["", " +558299440002", "+558299440002\n", "+55829944000\u0662", "STOP", "+54\n1150001023"]


def test_a_phone_has_one_canonical_spelling_in_sql_and_in_python(database: Database) -> None:
    """Numbers of all lengths around those that are changed, and texts that are no numbers."""
    known = [phones.parse(case[k], "MY") for case in cases.lines("same_person.jsonl") for k in "ab"]
    made = [
        f"{country}{digits[:length]}"
        for country in COUNTRIES
        for digits in (*DIGITS, *(f"11{first}87651004" for first in range(10)))
        for length in range(8, 13)
    ]
    given = sorted({*known, *made, *OTHERS})

    with database.transaction() as connection:
        found = rows(
            connection,
            "SELECT phone, canonical_phone(phone) AS canonical"
            " FROM unnest(%(given)s::text[]) AS phone",
            given=given,
        )

    assert {row.phone: row.canonical for row in found} == {
        phone: phones.canonical(phone) for phone in given
    }
    assert sum(row.phone != row.canonical for row in found) > 30
