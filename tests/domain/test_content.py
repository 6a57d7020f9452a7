"""What a message says, and the digest that proves it."""

from __future__ import annotations

import pytest

from domain import content_check
from domain.content import Content, checked, digest, render
from domain.errors import InvalidInputError
from domain.template import Template


def test_the_digest_is_the_sha_256_of_the_text() -> None:
    """Anybody can check it: printf hello | sha256sum."""
    assert digest(Content(body="hello")) == (
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    )


def test_the_digest_covers_the_media_too() -> None:
    """printf 'hello\\0https://example.com/a.png' | sha256sum; no media is not empty media."""
    assert digest(Content(body="hello", media_url="https://example.com/a.png")) == (
        "680a0526632474bb313d41f629df133f61ea362a29e48ee4d31d0076db73e223"
    )
    assert digest(Content(body="hello", media_url="")) != digest(Content(body="hello"))


def test_the_digest_of_any_script_is_of_its_utf_8() -> None:
    """printf 'héllo 🌞' | sha256sum."""
    assert digest(Content(body="héllo 🌞")) == (
        "398b980628a8ecb66ae7cc7d99616d8c7a971c914c135ae87705d772d5ac33be"
    )


def test_what_is_written_today_is_rendered_by_todays_rules() -> None:
    """A revision that says the same keeps the rules of what it replaces: what is pending of an old
    text must not change because its pace did."""
    former = Content(body="{{name}} {Name}")
    assert checked(former, present=former).rules == 0
    assert render(former, {"name": "Anna"}).body == "{Anna} "
    assert checked(Content(body="{Name}"), present=former).rules == 1
    with pytest.raises(InvalidInputError, match="body: expected placeholders"):
        checked(former)
    with pytest.raises(InvalidInputError, match="body: expected placeholders"):
        checked(Content(body="{{name}}"), present=former)


@pytest.mark.parametrize(
    ("gateway", "body", "media_url", "problem"),
    [
        ("gowa", "{name}", None, None),
        ("gowa", "{city}", None, "empty_text"),
        ("gowa", " \n{city}\u00a0", None, "empty_text"),
        ("gowa", "{city}", "https://example.com/a.png", None),
        ("gowa", "{long}", None, None),
        ("gowa", "{long}!", None, "text_too_long"),
        ("wablas", "{short}", None, None),
        ("wablas", "{short}!", None, "text_too_long"),
        ("cloud", "{short}!", None, None),
        ("cloud", "{long}!", None, "text_too_long"),
        ("cloud", "{short}", "https://example.com/a.png", None),
        ("cloud", "{short}!", "https://example.com/a.png", "text_too_long"),
        ("sandbox", "{long}!", None, "text_too_long"),
    ],
)
def test_what_is_empty_or_too_long_for_its_gateway_is_not_sent(
    gateway: str, body: str, media_url: str | None, problem: str | None
) -> None:
    """Wablas takes 1,024 characters, WhatsApp itself 4,096, the Cloud API 1,024 beside media."""
    written = Content(body=body, media_url=media_url, rules=1)
    names = {"name": "Anna", "short": "x" * 1024, "long": "x" * 4096}
    found = content_check.problem(written, render(written, names), names, gateway)
    assert found == problem


def test_a_template_counts_only_where_it_is_sent() -> None:
    """The Cloud API sends the template and not the text, the others the text."""
    template = Template("offer", "en", ("{city}",))
    for names, body, cloud, gowa in (
        ({"name": "Anna"}, "{name}", "template_variable_missing", None),
        ({"city": "Ipoh"}, "{name}", None, "empty_text"),
        ({"city": "Ipoh"}, "x" * 4000 + "{city}" * 100, None, "text_too_long"),
    ):
        written = Content(body=body, template=template, rules=1)
        rendered = render(written, names)
        assert content_check.problem(written, rendered, names, "cloud") == cloud
        assert content_check.problem(written, rendered, names, "gowa") == gowa


def test_a_text_that_no_gateway_takes_for_anybody_is_refused() -> None:
    """Where only Wablas serves; placeholders may stand for nothing."""
    for body, gateways, refused in (
        ("x" * 1024 + "{name|there}", ["wablas"], False),
        ("x" * 1025, ["wablas"], True),
        ("x" * 1025, ["wablas", "gowa"], False),
        ("x" * 1025, [], False),
    ):
        written = Content(body=body)
        if refused:
            with pytest.raises(InvalidInputError, match="body: expected at most 1024 characters"):
                content_check.check_length("body", written, gateways)
        else:
            content_check.check_length("body", written, gateways)


def test_a_keyed_digest_is_an_hmac_of_the_same() -> None:
    """printf hello | openssl dgst -sha256 -mac HMAC -macopt hexkey:0001…1f; what it covers is what
    a plain one covers."""
    key = bytes(range(32))
    assert digest(Content(body="hello"), key) == (
        "53c40272a70c15ca4ee0af4df1f155fd6c41e00ce2307d8987ecd4bb36a7e990"
    )
    template = Template("hello", "en", ("Anna",))
    others = [
        Content(body="hello", media_url="https://example.com/a.png"),
        Content(body="hello", template=template),
    ]
    assert len({digest(content, key) for content in (Content(body="hello"), *others)}) == 3
