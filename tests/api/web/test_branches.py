"""What comes after a step, in the form of a draft and on the page of what is active."""

from __future__ import annotations

from flask import Flask

from projections.container import Container
from tests.support.api import given
from tests.support.api.browsing import Browser
from tests.support.api.client import Client


def test_a_draft_branches_by_its_form_and_says_so_when_it_is_active(
    app: Flask, container: Container, operator: Client
) -> None:
    """A row in which nothing is chosen is none. What is wrong is said where it was written."""
    given.device(operator)
    path = f"/sequences/{given.sequence(operator, 'One', 'Two', 'Three', active=False)}"
    somebody = Browser(app)
    somebody.sign_in(given.api_key(container, "mei", "operator"))
    somebody.open(path)
    step = {"body": "One", "branch_when": "not_read", "branch_then": "3"}
    somebody.send(f"{path}/steps/1", **step, branch_hours="soon")
    assert "Branch 1: within hours: expected" in somebody.page
    somebody.open(path)
    somebody.send(f"{path}/steps/1", **step, branch_hours="48")
    (branch,) = operator.get(path).json["steps"][0]["branches"]

    assert branch == {"when": "not_read", "within_hours": 48.0, "then": 3}
    somebody.send(f"{path}/steps/1", **{**step, "branch_then": "end"}, branch_hours="1.5")
    assert operator.get(path).json["steps"][0]["branches"][0]["then"] is None
    somebody.send(f"{path}/activate")
    assert "within 1.5 h: the end" in somebody.page
    assert 'name="branch_when"' not in somebody.page
