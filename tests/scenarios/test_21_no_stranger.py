"""21. "The spreadsheet wrote .0 behind the number, and we wrote to somebody we had never met." """

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from projections.container import Container
from tests.support import cases, given, then
from tests.support.api.client import Client, fields

CASES = cases.lines("phones.jsonl")


def by_region() -> list[tuple[str | None, list[dict[str, Any]]]]:
    """The cases of each default region."""
    regions = sorted({case["region"] for case in CASES}, key=str)
    return [(region, [c for c in CASES if c["region"] == region]) for region in regions]


def test_what_is_registered_is_the_number_that_was_meant(
    container: Container, operator: Client
) -> None:
    """By the API: the right lead, or 422 that names the field and not the number."""
    wrong = []
    for region, some in by_region():
        given.settings(container, default_region=region)
        for case in some:
            answer = operator.post("/leads", {"phone": case["input"]})
            phone = answer.json.get("phone")
            if answer.status == 422 and (case["e164"] is None or case.get("may_refuse")):
                wrong += [case["why"]] * (fields(answer) != ["phone"])
            elif answer.status != 201 or phone != case["e164"]:
                wrong.append(case["why"])

    assert wrong == []


def test_an_import_reads_phones_as_the_api_does(container: Container, operator: Client) -> None:
    """A cell with something else is a rejected line, and nobody is registered for it."""
    for region, some in by_region():
        given.settings(container, default_region=region)
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(["name", "phone"])
        writer.writerows(("Ali", case["input"]) for case in some)
        answer = operator.csv(file.getvalue()).json
        assert all(row["reason"].startswith("phone: expected ") for row in answer["rejected"])

    registered = {row.phone for row in then.table(container, "leads")}
    assert registered <= {case["e164"] for case in CASES}
    assert registered >= {case["e164"] for case in CASES if not case.get("may_refuse")} - {None}


@pytest.mark.parametrize("door", ["post", "get"])
def test_a_refusal_says_what_the_number_could_be(
    container: Container, operator: Client, door: str
) -> None:
    """Field and readings, for those who correct the list."""
    given.settings(container, default_region="MY")

    if door == "post":
        status, error = operator.post("/leads", {"phone": "6581234567"})
    else:
        status, error = operator.get("/leads", phone="6581234567")

    assert status == 422
    assert error["message"] == "phone: expected a number of MY; with + it would be one of SG"
    assert "6581234567" not in str(error)
