"""Every spelling of a phone, typed into a form and found in a cell of a file."""

from __future__ import annotations

import csv
import io
from operator import itemgetter
from typing import Any

import pytest

from tests.real_life.conftest import ApiOf
from tests.real_life.expectations import everything, phones
from tests.support import cases, spreadsheets
from tests.support.api.client import fields
from tests.support.spreadsheets import xlsx

PHONES = cases.lines("phones.jsonl")
PAIRS = cases.lines("same_person.jsonl")
WHY = itemgetter("why")


@pytest.mark.parametrize("case", PHONES, ids=WHY)
def test_registered_by_the_api(case: dict[str, Any], api_of: ApiOf) -> None:
    api = api_of("forms", case["region"])

    answer = api.post("/leads", {"phone": case["input"], "name": "Typed in"})

    got = answer.json["phone"] if answer.status == 201 else fields(answer)
    assert got in _right(case, ["phone"]), case


@pytest.mark.parametrize("case", PHONES, ids=WHY)
def test_registered_by_an_import(case: dict[str, Any], api_of: ApiOf) -> None:
    api = api_of("files", case["region"])
    before = phones(api)

    status, answer = api.csv(_file(case["input"]))

    assert status == 200, (case, answer)
    new = phones(api) - before
    rejected = [(row["line"], row["reason"].partition(":")[0]) for row in answer["rejected"]]
    assert answer["registered"] == len(new), (case, answer)
    got = rejected if rejected else new.pop() if new else "nothing"
    assert got in _right(case, [(2, "phone")]), case


@pytest.mark.parametrize("region", dict.fromkeys(case["region"] for case in PHONES))
def test_registered_by_a_spreadsheet(region: str | None, api_of: ApiOf) -> None:
    """All of a region in one sheet, as text."""
    api = api_of("sheets", region)
    asked = [case for case in PHONES if case["region"] == region]
    names = [f"{region} {number}" for number, _ in enumerate(asked)]
    rows = [(case["input"], name) for case, name in zip(asked, names, strict=True)]

    answer = api.json(
        "POST",
        "/leads/import",
        data=xlsx([("phone", "name"), *rows]),
        content_type=spreadsheets.TYPE,
    )

    assert answer.status == 200, answer
    got = {lead["name"]: lead["phone"] for lead in everything(api, "/leads")}
    rejected = {row["line"]: row["reason"].partition(":")[0] for row in answer.json["rejected"]}
    wrong = {
        case["why"]: got.get(name, rejected.get(line))
        for line, (case, name) in enumerate(zip(asked, names, strict=True), start=2)
        if got.get(name, rejected.get(line)) not in _right(case, "phone")
    }
    assert wrong == {}


@pytest.mark.parametrize("case", PAIRS, ids=WHY)
def test_two_spellings(case: dict[str, Any], api_of: ApiOf) -> None:
    api = api_of("pairs", "MY")
    first = api.post("/leads", {"phone": case["a"]})
    assert first.status == 201, (case, first)

    second = api.post("/leads", {"phone": case["b"]})

    if case["same"]:
        assert second.status == 409, (case, second)
        assert second.json["errors"]["id"] == first.json["id"], case
    else:
        assert second.status == 201, (case, second)
        assert second.json["id"] != first.json["id"], case


def _right(case: dict[str, Any], refused: Any) -> list[Any]:
    """The right answers: the phone, or ``refused``, or either."""
    if case["e164"] is None:
        return [refused]
    return [case["e164"], refused] if case.get("may_refuse") else [case["e164"]]


def _file(cell: str) -> str:
    """A file of one row, in which that is the phone."""
    file = io.StringIO()
    csv.writer(file).writerows([["phone", "name"], [cell, "From a file"]])
    return file.getvalue()
