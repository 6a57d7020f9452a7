"""A secret that proves webhooks has at least 16 characters."""

from __future__ import annotations

import pytest

from domain import webhook_secret
from domain.errors import InvalidInputError

SHORT = "s3cret-of-15-ch"
ENOUGH = "s3cret-of-16-chs"


@pytest.mark.parametrize("name", ["webhook_secret", "app_secret"])
@pytest.mark.parametrize("secret", ["", "a", SHORT, "é" * 15])
def test_a_short_one_is_refused_by_name_and_not_repeated(name: str, secret: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        webhook_secret.check({"token": "t", name: secret})

    assert str(caught.value) == f"credentials.{name}: expected at least 16 characters"
    assert webhook_secret.too_short({"token": "t", name: secret}) == [name]


@pytest.mark.parametrize(
    "credentials",
    [{}, {"webhook_secret": ENOUGH}, {"app_secret": "é" * 16}, {"token": "t", "verify_token": "v"}],
)
def test_others_are_not(credentials: dict[str, str]) -> None:
    """What a device logs in with is as the provider gave it; a verify token proves nothing."""
    webhook_secret.check(credentials)
    assert webhook_secret.too_short(credentials) == []
