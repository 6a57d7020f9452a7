"""What all gateways over HTTP share: one session, bounded responses, failures as outcomes.

A failed request raises the question whether the provider may have accepted the message. It cannot
have accepted it where no connection came about. It may have accepted it in every other case.
"""

from __future__ import annotations

import ssl
import string
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import metadata
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver
from yarl import URL

from domain import foreign_json, hosts, urls
from domain.foreign_json import ForeignJsonError
from domain.hosts import NONE, AllowedHosts
from domain.inbound import Inbound
from runners.gateways.checked_resolver import CheckedResolver, HostRefusedError, refusal
from runners.gateways.protocol import Unknown, Unreachable

# Bytes. A provider's response has a few hundred; a longer one comes from something else.
LONGEST_BODY = 64 * 1024
CONNECT_SECONDS = 5.0
# Shorter than what servers keep, so that they seldom close a connection just as it is used.
IDLE_SECONDS = 15.0

_NO_URL = "its base_url is no URL"
# Ours, and not Python's and the library's, whose versions are nobody's business.
USER_AGENT = f"Sendtrail/{metadata.version('sendtrail')}"


class HttpResponse(msgspec.Struct, frozen=True):
    """A provider's response. ``retry_after`` is in seconds, None where the provider says none.
    ``json`` is empty where the body is no JSON object."""

    status: int
    retry_after: float | None
    json: dict[str, Any]


class Http:
    """The HTTP client of one gateway, in one event loop at a time.

    ``timeout`` is how long a whole call may take, in seconds; the caller cancels it then. Of
    private hosts it calls those that are ``allowed``. ``make_resolver`` makes what looks up names.
    Proxies that the environment names are not used: whose address is called must be known here.
    """

    def __init__(
        self,
        timeout: float,
        allowed: AllowedHosts = NONE,
        make_resolver: Callable[[], AbstractResolver] = aiohttp.DefaultResolver,
    ) -> None:
        self._allowed = allowed
        self._make_resolver = make_resolver
        # Connecting must time out before the whole call does, or the outcome would be unknown.
        self._connect_seconds = min(CONNECT_SECONDS, 0.5 * timeout)
        self._session: aiohttp.ClientSession | None = None
        self._resolver: AbstractResolver | None = None

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        json: Any = None,
        body: bytes | None = None,
        form: Mapping[str, str] | None = None,
        longest: int = LONGEST_BODY,
    ) -> HttpResponse | Unreachable | Unknown:
        """Makes one request; a failure is returned and not raised.

        ``json`` is encoded, ``body`` is encoded JSON, ``form`` is sent as multipart/form-data; at
        most one of them. A response of more than ``longest`` bytes counts as empty. Redirects are
        not followed: they would take credentials elsewhere. A host that may not be called is
        unreachable.
        """
        try:
            target = URL(url, encoded=True)
            host = target.raw_host or ""
        except ValueError:
            return Unreachable(_NO_URL)
        # Only names come to the resolver.
        problem = hosts.problem(host, self._allowed)
        if problem is not None:
            return Unreachable(refusal(problem))
        session = self._session
        if session is None:
            session = self._session = self._open()
        data: Any = None
        # Nothing is decompressed, because a small response could grow huge. So none may come
        # compressed.
        sent_headers = {"Accept-Encoding": "identity", **headers}
        if json is not None:
            body = msgspec.json.encode(json)
        if body is not None:
            data = body
            sent_headers["Content-Type"] = "application/json"
        elif form is not None:
            data = aiohttp.FormData(dict(form), default_to_multipart=True)
        try:
            async with session.request(
                method,
                target,
                headers=sent_headers,
                data=data,
                allow_redirects=False,
            ) as response:
                body = await response.content.read(longest + 1)
                while len(body) <= longest and (
                    more := await response.content.read(longest + 1 - len(body))
                ):
                    body += more
                if len(body) > longest:
                    body = b""
                return _response(response.status, response.headers.get("Retry-After"), body)
        except aiohttp.ClientConnectorDNSError as error:
            refused = isinstance(error.os_error, HostRefusedError)
            return Unreachable(str(error.os_error) if refused else type(error).__name__)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Unreachable(type(error).__name__)
        except aiohttp.InvalidURL:
            return Unreachable(_NO_URL)
        except (aiohttp.ClientError, ssl.SSLError, OSError) as error:
            return Unknown(type(error).__name__)

    async def close(self) -> None:
        """Closes all connections; the next request opens new ones, maybe in another event loop."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        if self._resolver is not None:
            await self._resolver.close()
            self._resolver = None

    def _open(self) -> aiohttp.ClientSession:
        self._resolver = CheckedResolver(self._make_resolver(), self._allowed)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=IDLE_SECONDS,
                resolver=self._resolver,
            ),
            headers={"User-Agent": USER_AGENT},
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )


class HttpGateway:
    """The base of gateways over HTTP; their receipts and replies come by webhook."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def collect(self, now: datetime) -> list[Inbound]:
        """Nothing: receipts and replies come by webhook."""
        return []

    async def close(self) -> None:
        """Closes the connections."""
        await self.http.close()


def base_url(settings: Mapping[str, Any]) -> str | None:
    """A device's ``base_url`` without a slash at its end; None where it is missing or unsafe.

    TLS is required unless the host is this machine or ``allow_http`` is true: credentials must not
    go over a network in clear text.
    """
    url = settings.get("base_url")
    if not isinstance(url, str):
        return None
    if not urls.is_safe(url, allow_http=settings.get("allow_http") is True):
        return None
    return url.rstrip("/")


NO_BASE_URL = "its settings have no base_url with https (http for this host or with allow_http)"


def located(
    settings: Mapping[str, Any], credentials: Mapping[str, str], needed: tuple[str, ...]
) -> tuple[str | None, str | None]:
    """A device's ``base_url``, and the problem with it or with the ``needed`` credentials.

    The problem is None where the device has all that a request needs.
    """
    base = base_url(settings)
    problem = lacking(settings, credentials, (), needed)
    return base, problem or (NO_BASE_URL if base is None else None)


def lacking(
    settings: Mapping[str, Any],
    credentials: Mapping[str, str],
    needed_settings: tuple[str, ...],
    needed_credentials: tuple[str, ...],
) -> str | None:
    """A sentence that names the first key that a device needs and lacks; None where it has all.

    The sentence never has a value of ``settings`` or ``credentials``.
    """
    for mapping_name, mapping, keys in (
        ("settings", settings, needed_settings),
        ("credentials", credentials, needed_credentials),
    ):
        for key in keys:
            if mapping.get(key) in (None, ""):
                return f"its {mapping_name} have no {key}"
    return None


def header_value(text: object) -> str:
    """``text`` with everything percent-encoded that no header may contain."""
    return quote(str(text), safe=f" {string.punctuation}")


def _response(status: int, retry_after: str | None, body: bytes) -> HttpResponse:
    """The response; a body that is no JSON object counts as empty."""
    try:
        json = foreign_json.decode(body)
    except ForeignJsonError:
        json = None
    return HttpResponse(status, _seconds(retry_after), json if isinstance(json, dict) else {})


def _seconds(text: str | None) -> float | None:
    """A ``Retry-After`` in seconds, at most a day; None for a date, which no provider uses."""
    if text is None or not (text.isascii() and text.strip().isdigit()):
        return None
    return min(float(text), 86400.0)
