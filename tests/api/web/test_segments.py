"""The pages of segments, without scripts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Flask
from werkzeug.datastructures import MultiDict

from tests.support.api import given
from tests.support.api.browsing import Browser
from tests.support.api.client import Client


def rows(*given: tuple[str, str, str, str, str]) -> Any:
    """A form with these rows: clause, field, attribute, op, value."""
    names = ("clause", "field", "attribute", "op", "value")
    return MultiDict([each for row in given for each in zip(names, row, strict=True)])


def send(browser: Browser, address: str, form: Any, **fields: str) -> None:
    """The form with its rows and other fields."""
    data = MultiDict([*form.items(multi=True), *(browser.hidden() | fields).items()])
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = browser.client.post(address, data=data, headers=headers, follow_redirects=True)
    browser.page, browser.status = answer.get_data(as_text=True), answer.status_code


IPOH = rows(
    ("all", "attribute", "city", "eq", "Ipoh"),
    ("all", "niche", "", "in", "B1, B2"),
    ("none", "opted_out", "", "eq", "true"),
    ("all", "", "", "eq", ""),
)


def test_a_segment_is_made_of_rows_of_a_form(app: Flask, operator: Client) -> None:
    """Counted first; a row that is wrong is named; once it is saved it is chosen for a campaign."""
    given.lead(operator, 1, name="Aisyah", niche=["B1"], attributes={"city": "Ipoh"})
    given.lead(operator, 2, name="Mei", niche=["B1"], attributes={"city": "Taiping"})
    person = Browser(app)
    person.sign_in(str(operator.key))
    person.open("/segments/new")

    send(person, "/segments/new", IPOH, name="Ipoh", do="count")
    assert "1 person" in person.page
    assert "Aisyah" in person.page
    assert operator.items("/segments") == []

    wrong = rows(("all", "niche", "", "before", "B1"))
    send(person, "/segments/new", wrong, name="Ipoh", do="save")
    assert (person.status, "Condition 1: Compared how: expected one of eq" in person.page) == (
        422,
        True,
    )
    assert 'value="B1"' in person.page

    send(person, "/segments/new", IPOH, name="Ipoh", do="save")
    (saved,) = operator.items("/segments")
    assert saved["all"] == [
        {"field": "attribute.city", "op": "eq", "value": "Ipoh"},
        {"field": "niche", "op": "in", "value": ["B1", "B2"]},
    ]
    assert saved["none"] == [{"field": "opted_out", "op": "eq", "value": True}]
    for shown in ("must be: <bdi>city is Ipoh</bdi>; <bdi>Niche is one of B1, B2</bdi>", "Aisyah"):
        assert shown in person.page
    assert "Mei" not in person.page

    person.open(f"/segments/{saved['id']}/edit")
    assert 'value="B1, B2"' in person.page
    send(person, f"/segments/{saved['id']}/edit", IPOH, name="Perak", do="save")
    assert "<bdi>Perak</bdi>" in person.page

    campaign = given.campaign(operator, scheduled_at="2027-03-02T08:00Z")
    person.open(f"/campaigns/{campaign}")
    person.send(f"/campaigns/{campaign}/segment", segment_id=saved["id"])
    assert operator.get(f"/campaigns/{campaign}").json["segment_id"] == saved["id"]
    assert f'<option value="{saved["id"]}" selected>Perak</option>' in person.page


def test_a_row_names_a_campaign_by_its_name(app: Flask, operator: Client) -> None:
    """Which is offered, saved as its id, and shown again; of two with a name each has its id."""
    spring = given.campaign(operator, name="Spring")
    twins = [given.campaign(operator, name="Twin, again") for _ in range(2)]
    person = Browser(app)
    person.sign_in(str(operator.key))
    person.open("/segments/new")
    assert '<datalist id="of-sent_campaign">' in person.page
    assert '<option value="Spring">Spring</option>' in person.page
    assert f'<option value="{twins[0]}">Twin, again</option>' in person.page

    written = rows(
        ("all", "sent_campaign", "", "in", f"Spring, {twins[1]}"),
        ("none", "sent_campaign", "", "eq", "Spring"),
    )
    send(person, "/segments/new", written, name="Spring", do="save")

    (saved,) = operator.items("/segments")
    assert [each["value"] for each in saved["all"]] == [[spring, twins[1]]]
    assert [each["value"] for each in saved["none"]] == [spring]
    assert f"Was sent campaign is one of Spring, {twins[1]}" in person.page
    person.open(f"/segments/{saved['id']}/edit")
    assert f'value="Spring, {twins[1]}" list="of-sent_campaign"' in person.page


def test_what_people_are_listed_by_becomes_a_segment(
    app: Flask, viewer: Client, operator: Client
) -> None:
    """A viewer may count, and is shown no way to save."""
    given.lead(operator, 1, name="Aisyah")
    reader = Browser(app)
    reader.sign_in(str(viewer.key))
    reader.open("/leads?opted_out=false")
    assert '<a class="csv" href="/segments/new?opted_out=false">' in reader.page

    reader.open("/segments/new?opted_out=false")
    assert '<option value="opted_out" selected>' in reader.page
    reader.open("/segments/new?created_after=2026-03-01&attribute.city=Ipoh")
    for shown in ('value="2026-03-01T00:00:00+00:00"', 'name="attribute" value="city"'):
        assert shown in reader.page
    form = rows(("all", "opted_out", "", "eq", "false")).items(multi=True)
    reader.open(f"/segments/new?{urlencode([*form, ('do', 'count')])}")
    assert "1 person" in reader.page
    assert "Save" not in reader.page
