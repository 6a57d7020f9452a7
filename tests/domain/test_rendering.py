"""Placeholders are filled in, and everything else stays as it was written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.rendering import names_of, render

ANNA = {"name": "Anna", "city": "Ipoh", "blank": "  "}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Hi {name}", "Hi Anna"),
        ("Hi {name|there}", "Hi Anna"),
        ("{name} of {city}, dear {name}", "Anna of Ipoh, dear Anna"),
        ("Hi{missing}!", "Hi!"),
        ("Hi {missing|there}", "Hi there"),
        ("Hi {missing|}!", "Hi !"),
        ("Hi {blank|there}", "Hi there"),
        ("{missing|my friend, {name}}", "{missing|my friend, Anna}"),
        ("{missing|a|b}", "a|b"),
        ("{missing|first\nsecond}", "first\nsecond"),
        ("{missing|https://example.com/?a=1&b=2}", "https://example.com/?a=1&b=2"),
        ("{Name}", ""),
        ("{{name}}", "{Anna}"),
        ("", ""),
    ],
)
def test_placeholders_are_filled_in(body: str, expected: str) -> None:
    """A value, else the template's own fallback, else nothing."""
    assert render(body, ANNA) == expected


@pytest.mark.parametrize(
    "body",
    [
        "First line\n\n  second line\r\nthird\t.",
        "See https://example.com/a%20b?x={1}&y=[z]#top",
        '{"name": "Anna", "list": [1, {"a": null}]}',
        "{} { name } {na me} {1st} {name|a{ {na-me}",
        "100 % {0} %s %(name)s $name \\1 \\g<0>",
        "Selamat pagi 🌞 \u2013 «quoted» 'single' \"double\"",
        "{name",
        "name}",
    ],
)
def test_everything_else_stays_as_it_is(body: str) -> None:
    """Newlines, URLs, JSON, prices and half-written placeholders survive untouched."""
    assert render(body, ANNA) == body


@pytest.mark.parametrize(
    "value", ["{city}", "{city|x}", "\\1", "\\g<0>", "a\nb", "%s", "$1", "{", "  padded  "]
)
def test_a_value_is_inserted_as_it_is(value: str) -> None:
    """A lead called "{city}" is greeted as "{city}": values are never expanded again."""
    assert render("Hi {name}, {name|there}", {"name": value, "city": "Ipoh"}) == (
        f"Hi {value}, {value}"
    )


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet=st.characters(exclude_characters="{}"), max_size=60), st.text(max_size=20))
def test_a_text_without_braces_is_never_changed(body: str, value: str) -> None:
    """Whatever the characters, and whatever the lead's values."""
    assert render(body, {"name": value}) == body
    assert render(body + "{name}" + body, {"name": "Anna"}) == body + "Anna" + body


def test_a_template_may_name_attributes_the_name_and_the_phone() -> None:
    """The lead's own name and phone win over attributes of the same name."""
    attributes = {"order_number": "17", "name": "Wrong", "phone": "Wrong"}
    values = names_of("Anna", "+60123456789", attributes)
    assert values == {"order_number": "17", "name": "Anna", "phone": "+60123456789"}
    assert render("{name|you}: {order_number} {phone}", values) == "Anna: 17 +60123456789"
    assert attributes["name"] == "Wrong"


def test_a_lead_without_a_name_gets_the_fallback() -> None:
    """An attribute called name does not stand in for it."""
    nameless = names_of("", "+60123456789", {"name": "Wrong"})
    assert render("Hi {name|there}", nameless) == "Hi there"
