"""How long a secret must be with which a provider proves its webhooks.

Whoever guesses such a secret can say that people replied, opted out or never got a message. It can
be tried without asking Sendtrail: one signed request is enough to try all short ones.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.errors import InvalidInputError

# In characters.
SHORTEST = 16
# The credentials that prove a webhook. Cloud's ``verify_token`` proves nothing that is said: who
# knows it learns that the URL is ours.
NAMES = ("webhook_secret", "app_secret")


def too_short(credentials: Mapping[str, str]) -> list[str]:
    """The names of those of a device's credentials that prove webhooks and are too short."""
    return [name for name in NAMES if name in credentials and len(credentials[name]) < SHORTEST]


def check(credentials: Mapping[str, str]) -> None:
    """Raises InvalidInputError, which names the credential and not its value, for one that is too
    short to be saved."""
    for name in too_short(credentials):
        raise InvalidInputError(f"credentials.{name}", f"at least {SHORTEST} characters")
