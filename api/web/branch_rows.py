"""The branches of a step in its form: rows, of which an empty one is none."""

from __future__ import annotations

from typing import Any

from flask import request

from api.web import forms, texts
from api.web.texts import gettext as _
from domain.branches.table import WHEN

# In the form, a branch that ends the sequence leads here.
END = "end"
ROW = {"when": "", "within_hours": "", "then": END}
# Empty rows beside those that are filled.
SPARE = 2


def rows(branches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A step's branches, as the API has them, and room for more."""
    there = [{**each, "then": each["then"] or END} for each in branches]
    return [*there, *[ROW] * SPARE]


def choices() -> list[tuple[str, str]]:
    """What a branch may ask for, with nothing first."""
    return [("", _("no branch")), *((each, texts.word(each)) for each in WHEN)]


def targets(steps: list[dict[str, Any]], number: int) -> list[tuple[str, str]]:
    """Where a branch of the step of that number may lead."""
    numbers = [step["number"] for step in steps]
    later = numbers[numbers.index(number) + 1 :]
    step = _("Step")
    return [(END, _("the end")), *((str(each), f"{step} {each}") for each in later)]


def written() -> list[dict[str, Any]]:
    """The branches that the form has."""
    columns = [
        request.form.getlist(name) for name in ("branch_when", "branch_hours", "branch_then")
    ]
    return [
        {
            "when": when,
            "within_hours": forms.as_number(hours),
            "then": None if then == END else forms.as_number(then),
        }
        for when, hours, then in zip(*columns, strict=False)
        if when
    ]
