"""What a provider is to the endpoint: a secret's name, a check of the signature, and a parser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from werkzeug.datastructures import Headers

from domain.receipts import Receipt, Reply

InboundEvents = Sequence[Receipt | Reply]


class WebhookRequest(NamedTuple):
    """A provider's request: ``body`` as it came, ``payload`` the JSON object or the form in it,
    ``query`` the parameters of the URL, ``now`` when it came."""

    body: bytes
    payload: dict[str, Any]
    headers: Headers
    query: Mapping[str, str]
    now: datetime


class Provider(NamedTuple):
    """``secret`` is the name of the credential that signs requests. ``verify`` takes a request and
    that credential. ``parse`` gives the receipts and replies in a request, and skips what it does
    not understand."""

    secret: str
    verify: Callable[[WebhookRequest, str], bool]
    parse: Callable[[WebhookRequest], InboundEvents]
