"""What providers tell us: receipts of messages, and people's replies. One file per provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from werkzeug.datastructures import Headers

from domain.receipts import Receipt, Reply

Reports = Sequence[Receipt | Reply]


class Inbound(NamedTuple):
    """A request as it came: the raw body, what a form or JSON body says, headers and query."""

    body: bytes
    json: dict[str, Any]
    headers: Headers
    query: Mapping[str, str]
    now: datetime


class Provider(NamedTuple):
    """``secret`` names the credential that proves where a request comes from. ``parse`` reads what
    is of interest in a request, and leaves alone what it does not understand."""

    secret: str
    verify: Callable[[Inbound, str], bool]
    parse: Callable[[Inbound], Reports]
