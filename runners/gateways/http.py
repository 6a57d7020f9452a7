"""What all gateways over HTTP share: one session, bounded answers, and what a failed request means.

The question behind every failure is whether the provider may have taken the message. It cannot have
where no connection came about; it may have in every other case.
"""

from __future__ import annotations

import ssl
import string
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from domain.receipts import Receipt, Reply
from domain.values import is_safe_url
from runners.gateways.protocol import Unknown, Unreachable

# An answer is a few hundred bytes; one that is longer is none of a provider's.
LONGEST_ANSWER = 64 * 1024
CONNECT_SECONDS = 5.0
# Shorter than what servers keep, so that they seldom close a connection just when it is used.
IDLE_SECONDS = 15.0


class Answer(msgspec.Struct, frozen=True):
    """What a provider said: its status, ``retry_after`` in seconds if it says, and its JSON, which
    is an empty object where it is none."""

    status: int
    retry_after: float | None
    json: dict[str, Any]


class Http:
    """Requests of one gateway, in one event loop at a time. ``timeout`` is how long a whole call
    may take, in seconds; whoever calls ends it then."""

    def __init__(self, timeout: float) -> None:
        # A connection must fail before the whole call does, or it would be taken for unknown.
        self._connect_seconds = min(CONNECT_SECONDS, 0.5 * timeout)
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        json: Any = None,
        body: bytes | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer | Unreachable | Unknown:
        """One request; ``json`` is encoded, ``body`` is JSON already, ``form`` goes as
        multipart/form-data. Redirects are not followed: they would take credentials elsewhere."""
        session = self._session
        if session is None:
            session = self._session = self._open()
        data: Any = None
        # Answers are read as they come, so nobody may compress them: a small one could grow huge.
        given = {"Accept-Encoding": "identity", **headers}
        if json is not None:
            body = msgspec.json.encode(json)
        if body is not None:
            data = body
            given["Content-Type"] = "application/json"
        elif form is not None:
            data = aiohttp.FormData(dict(form), default_to_multipart=True)
        try:
            async with session.request(
                method, URL(url, encoded=True), headers=given, data=data, allow_redirects=False
            ) as response:
                body = await response.content.read(LONGEST_ANSWER + 1)
                while len(body) <= LONGEST_ANSWER and (
                    more := await response.content.read(LONGEST_ANSWER + 1 - len(body))
                ):
                    body += more
                return _answer(response.status, response.headers.get("Retry-After"), body)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Unreachable(type(error).__name__)
        except aiohttp.InvalidURL:
            return Unreachable("its base_url is no URL")
        except (aiohttp.ClientError, ssl.SSLError, OSError) as error:
            return Unknown(type(error).__name__)

    async def close(self) -> None:
        """Ends all connections; the next request makes new ones, maybe in another loop."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )


class HttpGateway:
    """What is alike in all gateways over HTTP: their receipts and replies come by webhook."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def collect(self, now: datetime) -> list[Receipt | Reply]:
        return []

    async def close(self) -> None:
        await self.http.close()


def base_url(settings: Mapping[str, Any]) -> str | None:
    """A device's ``base_url`` without a slash at its end; None where it is missing, or would send
    credentials in clear text over a network: TLS is required unless the host is this one or
    ``allow_http`` is true."""
    url = settings.get("base_url")
    if not isinstance(url, str):
        return None
    if not is_safe_url(url, allow_http=settings.get("allow_http") is True):
        return None
    return url.rstrip("/")


NO_BASE_URL = "its settings have no base_url with https (http for this host or with allow_http)"


def located(
    settings: Mapping[str, Any], credentials: Mapping[str, str], needed: tuple[str, ...]
) -> tuple[str | None, str | None]:
    """A device's ``base_url``, and what is missing to send there: it, or one of the credentials."""
    base = base_url(settings)
    problem = lacking(settings, credentials, (), needed)
    return base, problem or (NO_BASE_URL if base is None else None)


def lacking(
    settings: Mapping[str, Any],
    credentials: Mapping[str, str],
    needed_settings: tuple[str, ...],
    needed_credentials: tuple[str, ...],
) -> str | None:
    """Names the first key that a device needs and has not, never a value; None if it has all."""
    for whole, given, keys in (
        ("settings", settings, needed_settings),
        ("credentials", credentials, needed_credentials),
    ):
        for key in keys:
            if given.get(key) in (None, ""):
                return f"its {whole} have no {key}"
    return None


def header_value(text: object) -> str:
    """``text`` as it is, but for what no header may contain, which is percent-encoded."""
    return quote(str(text), safe=f" {string.punctuation}")


def _answer(status: int, retry_after: str | None, body: bytes) -> Answer:
    try:
        found = msgspec.json.decode(body) if len(body) <= LONGEST_ANSWER else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    return Answer(status, _seconds(retry_after), found if isinstance(found, dict) else {})


def _seconds(text: str | None) -> float | None:
    """A ``Retry-After`` in seconds, the form that providers use; at most a day."""
    if text is None or not (text.isascii() and text.strip().isdigit()):
        return None
    return min(float(text), 86400.0)
