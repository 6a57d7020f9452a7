"""What all gateways over HTTP share: one client, bounded responses, failures as outcomes.

A failed request raises the question whether the provider may have accepted the message. It cannot
have accepted it where no connection came about. It may have accepted it in every other case.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec
from aiohttp import DefaultResolver
from aiohttp.abc import AbstractResolver

from domain import foreign_json, hosts, urls
from domain.foreign_json import ForeignJsonError
from domain.hosts import NONE, AllowedHosts
from domain.inbound import Inbound
from runners.gateways import http_request
from runners.gateways.checked_resolver import CheckedResolver, refusal
from runners.gateways.http_connection import BrokenResponseError, RawResponse
from runners.gateways.http_pool import NoConnectionError, Origin, Pool
from runners.gateways.protocol import Unknown, Unreachable

# Bytes. A provider's response has a few hundred; a longer one comes from something else.
LONGEST_BODY = 64 * 1024
CONNECT_SECONDS = 5.0

_NO_URL = "its base_url is no URL"


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
        make_resolver: Callable[[], AbstractResolver] = DefaultResolver,
    ) -> None:
        self._allowed = allowed
        self._make_resolver = make_resolver
        # Connecting must time out before the whole call does, or the outcome would be unknown.
        self._connect_seconds = min(CONNECT_SECONDS, 0.5 * timeout)
        self._pool: Pool | None = None

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
        content_type = "application/json"
        if json is not None:
            body = msgspec.json.encode(json)
        elif form is not None:
            body, content_type = http_request.multipart(form)
        raw = await self._exchange(method, url, headers, body, content_type, longest)
        return _response(raw) if isinstance(raw, RawResponse) else raw

    async def fetch(
        self, url: str, *, headers: Mapping[str, str], longest: int = LONGEST_BODY
    ) -> RawResponse | Unreachable | Unknown:
        """The response to a GET, as it came: for what is no JSON. Otherwise as ``ask``."""
        return await self._exchange("GET", url, headers, None, "", longest)

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        content_type: str,
        longest: int,
    ) -> RawResponse | Unreachable | Unknown:
        try:
            target = http_request.target_of(url)
        except ValueError:
            return Unreachable(_NO_URL)
        # Only names come to the resolver.
        problem = hosts.problem(target.origin.host, self._allowed)
        if problem is not None:
            return Unreachable(refusal(problem))
        request = http_request.encode(method, target, headers, body, content_type)
        pool = self._pool
        if pool is None:
            pool = self._pool = Pool(
                CheckedResolver(self._make_resolver(), self._allowed), self._connect_seconds
            )
        try:
            return await _exchange(pool, target.origin, request, longest, method == "GET")
        except NoConnectionError as error:
            return Unreachable(str(error))
        except BrokenResponseError as error:
            return Unknown(str(error))

    async def close(self) -> None:
        """Closes all connections; the next request opens new ones, maybe in another event loop."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()


async def _exchange(
    pool: Pool, origin: Origin, request: bytes, longest: int, may_repeat: bool
) -> RawResponse:
    """The response to a request. Raises NoConnectionError and BrokenResponseError.

    A server may close a connection that was idle just as it is used again. The request is repeated
    then if ``may_repeat``.
    """
    connection = pool.reuse(origin)
    if connection is not None:
        try:
            response = await connection.ask(request, longest)
        except BrokenResponseError as error:
            if not (may_repeat and error.is_untouched):
                raise
        else:
            pool.put_back(origin, connection)
            return response
    connection = await pool.connect(origin)
    response = await connection.ask(request, longest)
    pool.put_back(origin, connection)
    return response


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


def _response(raw: RawResponse) -> HttpResponse:
    """The response; a body that is no JSON object counts as empty."""
    try:
        json = foreign_json.decode(raw.body)
    except ForeignJsonError:
        json = None
    retry_after = _seconds(raw.retry_after)
    return HttpResponse(raw.status, retry_after, json if isinstance(json, dict) else {})


def _seconds(text: str | None) -> float | None:
    """A ``Retry-After`` in seconds, at most a day; None for a date, which no provider uses."""
    if text is None or not (text.isascii() and text.strip().isdigit()):
        return None
    return min(float(text), 86400.0)
