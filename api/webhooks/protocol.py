"""What a provider is to the endpoint: a secret's name, and a check of the signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from werkzeug.datastructures import Headers


class WebhookRequest(NamedTuple):
    """A provider's request: ``body`` as it came, ``query`` the parameters of the URL."""

    body: bytes
    headers: Headers
    query: Mapping[str, str]

    def __repr__(self) -> str:
        # The query may have the secret, and the body is about people.
        return f"<webhook of {len(self.body)} bytes>"


class Provider(NamedTuple):
    """``secret`` is the name of the credential that signs requests, ``proof`` what they carry, in
    words. ``verify`` takes a request and that credential."""

    secret: str
    proof: str
    verify: Callable[[WebhookRequest, str], bool]
