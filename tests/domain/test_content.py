"""What a message says, and the digest that proves it."""

from __future__ import annotations

from domain.content import Content, digest


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
