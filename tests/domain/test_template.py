"""Approved templates: what may be written, what they become for a lead, and what must fit."""

from __future__ import annotations

import pytest

from domain import template as templates
from domain.content import Content, checked, digest, render
from domain.errors import InvalidInputError
from domain.rendering import RULES
from domain.template import Approved, Asked, Header, Template

NAMED = Template(
    "offer",
    "en_US",
    {"customer": "{Name|you}", "day": "1 March"},
    Header("text", ("{city}",)),
    {"0": "o/{order}"},
)


def test_every_value_is_rendered_and_its_white_space_becomes_one_space() -> None:
    """The provider refuses line breaks, tabs and long gaps."""
    names = {"name": " Anna\n\tMaria ", "city": "Ipoh\u00a0 \r\n Perak", "order": "7      8"}
    rendered = templates.render(NAMED, names, RULES)
    assert rendered == Template(
        "offer",
        "en_US",
        {"customer": "Anna Maria", "day": "1 March"},
        Header("text", ("Ipoh Perak",)),
        {"0": "o/7 8"},
    )


def test_a_stored_template_of_before_keeps_its_white_space() -> None:
    """What was sent is rendered again for the audit."""
    former = Content(body="Hi", template=Template("a", "en", ("{name}\n  x",)))
    rendered = render(former, {"name": "Anna"})
    assert rendered.template == Template("a", "en", ("Anna\n  x",))
    (now,) = (render(checked(former), {"name": "Anna"}).template,)
    assert now == Template("a", "en", ("Anna x",))


@pytest.mark.parametrize(
    ("variable", "lacks"),
    [
        ("{name}", False),
        ("{city}", True),
        ("Hello {city}", True),
        ("{city|your town}", False),
        ("{city|}", True),
        ("Hello {city|}", False),
        ("{blank}", True),
        ("always", False),
    ],
)
@pytest.mark.parametrize("place", ["header", "body", "named", "button"])
def test_a_value_that_is_missing_without_a_fallback_is_noticed(
    variable: str, lacks: bool, place: str
) -> None:
    """In whatever part of the template; an empty value is none."""
    template = {
        "header": Template("a", "en", header=Header("text", (variable,))),
        "body": Template("a", "en", ("x", variable)),
        "named": Template("a", "en", {"x": variable}),
        "button": Template("a", "en", buttons={"0": variable}),
    }[place]
    names = {"name": "Anna", "blank": " \n"}
    assert templates.lacks_a_value(template, names, RULES) is lacks


@pytest.mark.parametrize(
    ("field", "refused"),
    [
        ("template.name", Template("March Offer", "en")),
        ("template.language", Template("offer", "english")),
        ("template.variables", Template("offer", "en", ("a",) * 101)),
        ("template.variables", Template("offer", "en", {"Customer Name": "a"})),
        ("template.variables[2]", Template("offer", "en", ("a", " "))),
        ("template.variables.day", Template("offer", "en", {"day": "a" * 1025})),
        ("template.variables[1]", Template("offer", "en", ("{{1}}",))),
        ("template.variables.day", Template("offer", "en", {"day": "{a|b|c}"})),
        ("template.header.url", Template("offer", "en", header=Header("image"))),
        ("template.header.url", Template("offer", "en", header=Header("video", url="ftp://a"))),
        ("template.header.url", Template("o", "en", header=Header("text", ("a",), "https://a"))),
        ("template.header.variables", Template("o", "en", header=Header("text"))),
        ("template.header.variables", Template("o", "en", header=Header("text", ("a", "b")))),
        (
            "template.header.variables",
            Template("o", "en", header=Header("document", ("a",), "https://a")),
        ),
        ("template.header.variables[1]", Template("o", "en", header=Header("text", ("{",)))),
        ("template.header.kind", Template("o", "en", header=Header("sound", url="https://a"))),  # type: ignore[arg-type]
        ("template.buttons", Template("offer", "en", buttons={"first": "a"})),
        ("template.buttons.0", Template("offer", "en", buttons={"0": "{x"})),
        ("template.buttons.1", Template("offer", "en", buttons={"1": ""})),
    ],
)
def test_what_no_provider_takes_is_refused_by_the_name_of_its_field(
    field: str, refused: Template
) -> None:
    with pytest.raises(InvalidInputError) as error:
        checked(Content(body="Hi", template=refused))
    assert error.value.field == field


def test_the_digest_of_a_template_of_before_is_what_it_was() -> None:
    """printf 'Hi\\0\\0{"name":"a","language":"en","variables":["b"]}' | sha256sum, and the same
    with []."""
    first = digest(Content(body="Hi", template=Template("a", "en", ("b",))))
    assert first == ("28b2a5583a2fa7c4d997c320ecd133f40002b299be61c78862736950cd6999a7")
    assert digest(Content(body="Hi", template=Template("a", "en"))) == (
        "ea9863dc6cdb005c3dc9f398eaeb8137404eb219fb6c8773081145102cb7b357"
    )


def test_every_part_is_in_the_digest_and_the_order_of_names_is_not() -> None:
    """Nothing of what was sent can be changed unseen."""
    turned = Template(
        NAMED.name,
        NAMED.language,
        {"day": "1 March", "customer": "{Name|you}"},
        NAMED.header,
        NAMED.buttons,
    )
    others = (
        Template("offer", "en_US", ("{Name|you}", "1 March"), NAMED.header, NAMED.buttons),
        Template("offer", "en_US", NAMED.variables, None, NAMED.buttons),
        Template("offer", "en_US", NAMED.variables, Header("text", ("x",)), NAMED.buttons),
        Template("offer", "en_US", NAMED.variables, NAMED.header, {"1": "o/{order}"}),
        Template("offer", "en_US", NAMED.variables, NAMED.header),
    )
    this = digest(Content(body="Hi", template=NAMED))
    assert digest(Content(body="Hi", template=turned)) == this
    digests = {digest(Content(body="Hi", template=other)) for other in others}
    assert this not in digests
    assert len(digests) == len(others)


def approved(**asked: object) -> Approved:
    return Approved(
        name="offer",
        language="en_US",
        status="APPROVED",
        category="MARKETING",
        asked=Asked(**asked),
    )


IMAGE = Header("image", url="https://example.com/a.png")


@pytest.mark.parametrize(
    ("template", "asked", "expected"),
    [
        (Template("o", "en"), {}, None),
        (Template("o", "en", ("a", "b")), {"body": ("1", "2")}, None),
        (Template("o", "en", ("a",)), {"body": ("1", "2")}, "variables: expected 2, in order"),
        (Template("o", "en", ("a",)), {}, "variables: expected 0, in order"),
        (Template("o", "en", {"x": "a"}), {"body": ("x",)}, None),
        (Template("o", "en", ("a",)), {"body": ("x",)}, "variables: expected by name: x"),
        (Template("o", "en", {"1": "a"}), {"body": ("1",)}, "variables: expected 1, in order"),
        (Template("o", "en", {"y": "a"}), {"body": ("x",)}, "variables: expected by name: x"),
        (Template("o", "en", header=IMAGE), {"header": "image"}, None),
        (Template("o", "en", header=IMAGE), {"header": "video"}, "header: expected video"),
        (Template("o", "en", header=IMAGE), {}, "header: expected none"),
        (Template("o", "en"), {"header": "text", "header_names": ("1",)}, "header: expected text"),
        (
            Template("o", "en", header=Header("text", ("a",))),
            {"header": "text", "header_names": ("shop",)},
            "header.variables: expected by name: shop",
        ),
        (Template("o", "en", buttons={"1": "a"}), {"buttons": ("1",)}, None),
        (Template("o", "en", buttons={"0": "a"}), {"buttons": ("1",)}, "buttons: expected 1"),
        (Template("o", "en", buttons={"0": "a"}), {}, "buttons: expected none"),
    ],
)
def test_what_does_not_fit_the_approved_template_is_named(
    template: Template, asked: dict[str, object], expected: str | None
) -> None:
    assert templates.misfit(template, approved(**asked)) == expected


def test_the_contents_media_may_be_the_header() -> None:
    """As before there were headers."""
    url = "https://example.com/a.png"
    assert templates.misfit(Template("o", "en"), approved(header="image"), url) is None
    assert templates.misfit(Template("o", "en"), approved(), url) is None
