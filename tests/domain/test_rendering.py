"""Placeholders are filled in, by the rules under which a text was written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from domain.rendering import RULES, check, names_of, placeholders, render, shortest

ANNA = {"name": "Anna", "city": "Ipoh", "blank": "  "}
# Of texts that were stored before braces were checked.
FORMER = 0


@pytest.mark.parametrize("rules", [FORMER, RULES])
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
        ("{missing|first\nsecond}", "first\nsecond"),
        ("{missing|https://example.com/?a=1&b=2}", "https://example.com/?a=1&b=2"),
        ("{missing|\\n}", "\\n"),
        ("", ""),
    ],
)
def test_placeholders_are_filled_in(body: str, expected: str, rules: int) -> None:
    """A value, else the template's own fallback, else nothing."""
    assert render(body, ANNA, rules) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{missing|my friend, {name}}", "{missing|my friend, Anna}"),
        ("{missing|a|b}", "a|b"),
        ("{Name}", ""),
        ("{{name}}", "{Anna}"),
        (r"\{name\}", r"\{name\}"),
        (r"\{name}", r"\Anna"),
        (r"\{missing|a}", "\\a"),
    ],
)
def test_a_text_of_before_says_what_it_always_said(body: str, expected: str) -> None:
    """Its digest was recorded, and must prove for ever what was sent."""
    assert render(body, ANNA, FORMER) == expected


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
def test_in_a_text_of_before_everything_else_stays_as_it_is(body: str) -> None:
    """Newlines, URLs, JSON, prices and half-written placeholders survive untouched."""
    assert render(body, ANNA, FORMER) == body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Hi {Name}, {NAME}", "Hi Anna, Anna"),
        ("{City|?} {CITY|?}", "Ipoh Ipoh"),
        ("{Blank|none}", "none"),
        ('\\{"a": \\{"b": 1\\}\\}', '{"a": {"b": 1}}'),
        (r"\{name\} is {name}", "{name} is Anna"),
        (r"\\{name\}", r"\{name}"),
        (r"{missing|\{a\}}", "{a}"),
        (r"C:\temp\n {name}", r"C:\temp\n Anna"),
    ],
)
def test_names_come_in_any_case_and_braces_can_be_written(body: str, expected: str) -> None:
    """What went out as it was, {Name}, is filled in; a brace that is meant as one is marked."""
    check("body", body)
    assert render(body, ANNA, RULES) == expected


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("{{name}}", 1),
        ("Hi {{name}}", 4),
        ("{a|b|c}", 1),
        ("Hi {name", 4),
        ("Hi name}", 8),
        ("{}", 1),
        ("{ }", 1),
        ("{ name }", 1),
        ("{first name}", 1),
        ("{1}", 1),
        ("{name|a{b}", 1),
        ("{name}}", 7),
        ("{name|}}", 8),
        ('{"a": 1}', 1),
        ("{näme}", 1),
        ("{name\n}", 1),
        ("{|there}", 1),
    ],
)
def test_what_cannot_be_a_placeholder_is_refused(body: str, place: int) -> None:
    """With the field, where it is, and what would have been right."""
    with pytest.raises(InvalidInputError) as refused:
        check("steps[1].body", body)
    assert str(refused.value) == (
        r"steps[1].body: expected placeholders such as {name} or {name|there}, and \{ or \} for a"
        f" brace itself; character {place} is a brace that is neither"
    )


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab{}|\\ \n_1", max_size=12))
def test_what_passes_has_no_brace_left_over(body: str) -> None:
    """Rendered for somebody whose values are all empty, only marked braces are left."""
    try:
        check("body", body)
    except InvalidInputError:
        return
    rendered = render(body, {}, RULES)
    marked = body.count("\\{") + body.count("\\}")
    assert rendered.count("{") + rendered.count("}") <= marked
    assert shortest(body) <= len(body)


@pytest.mark.parametrize("rules", [FORMER, RULES])
@pytest.mark.parametrize(
    "value", ["{city}", "{city|x}", "\\1", "\\g<0>", "\\{", "a\nb", "%s", "$1", "{", "  padded  "]
)
def test_a_value_is_inserted_as_it_is(value: str, rules: int) -> None:
    """A lead called "{city}" is greeted as "{city}": values are never expanded again."""
    assert render("Hi {name}, {name|there}", {"name": value, "city": "Ipoh"}, rules) == (
        f"Hi {value}, {value}"
    )


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet=st.characters(exclude_characters="{}"), max_size=60), st.text(max_size=20))
def test_a_text_without_braces_is_never_changed(body: str, value: str) -> None:
    """Whatever the characters, and whatever the lead's values."""
    for rules in (FORMER, RULES):
        assert render(body, {"name": value}, rules) == body
    assert render(body + "{name}" + body, {"name": "Anna"}, FORMER) == body + "Anna" + body


def test_a_template_may_name_attributes_the_name_and_the_phone() -> None:
    """The lead's own name and phone win over attributes of the same name, in any case."""
    attributes = {"order_number": "17", "name": "Wrong", "phone": "Wrong", "Name": "Wrong"}
    values = names_of("Anna", "+60123456789", attributes)
    assert values == {
        "order_number": "17",
        "name": "Anna",
        "phone": "+60123456789",
        "Name": "Wrong",
    }
    text = "{Name|you}: {Order_Number} {PHONE}"
    assert render(text, values, RULES) == "Anna: 17 +60123456789"
    assert attributes["name"] == "Wrong"


def test_of_two_spellings_the_placeholders_own_counts() -> None:
    """Else always the same one, in whatever order the attributes come."""
    for names in ({"CITY": "A", "City": "B"}, {"City": "B", "CITY": "A"}):
        assert render("{City} {CITY} {city}", names, RULES) == "B A A"


def test_a_lead_without_a_name_gets_the_fallback() -> None:
    """An attribute called name does not stand in for it."""
    nameless = names_of("", "+60123456789", {"name": "Wrong", "NAME": "Wrong"})
    assert render("Hi {name|there}, {NAME|you}", nameless, RULES) == "Hi there, you"


def test_the_placeholders_of_a_text_can_be_listed() -> None:
    """With their fallbacks, which may be empty."""
    text = r"{a} \{b} {c|} {d|e}"
    assert placeholders(r"{a} \{b\} {c|} {d|e}", RULES) == [("a", None), ("c", ""), ("d", "e")]
    assert placeholders(text, FORMER) == [("a", None), ("b", None), ("c", ""), ("d", "e")]
    assert shortest(r"Hi {a|long} \{b\}!") == len("Hi  {b}!")
