"""Asks the HTTP API of a running server, with a key: reads, and drafts. Nothing else gets out of
here, whatever the key may do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

ROOT = "/api/v1"
# Seconds for an answer, and the most bytes of one.
SECONDS = 60.0
LONGEST = 4 * 1024 * 1024


class ApiRefusedError(Exception):
    """The server refused, or did not answer. The text says it to a person."""


class Api:
    """The API at ``url``, asked with ``key``. It is opened by ``async with``."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/") + ROOT
        self._headers = {"Authorization": f"Bearer {key}"}
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Api:
        # Redirects and proxies of the environment would take the key elsewhere.
        self._session = ClientSession(
            headers=self._headers, timeout=ClientTimeout(total=SECONDS), trust_env=False
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str, **query: Any) -> Any:
        """What the API answers to a GET of ``path`` below ``/api/v1``. Values that are None or
        empty are not sent. Raises ApiRefusedError."""
        return await self._ask("GET", path, _sent(query), None)

    async def draft_campaign(self, fields: Mapping[str, Any], once: str) -> Any:
        """Makes a campaign that stays a draft until a person schedules it. The same ``once`` is the
        same draft. Raises ApiRefusedError."""
        return await self._ask("POST", "/campaigns", {}, {**fields, "draft": True}, once)

    async def _ask(
        self, method: str, path: str, query: Mapping[str, str], body: Any, once: str = ""
    ) -> Any:
        assert self._session is not None  # noqa: S101 - it is opened before it is used
        try:
            async with self._session.request(
                method,
                f"{self._url}{path}",
                params=query,
                json=body,
                headers={"Idempotency-Key": once} if once else None,
                allow_redirects=False,
            ) as response:
                raw = await response.content.read(LONGEST + 1)
                while len(raw) <= LONGEST and (more := await response.content.read(LONGEST)):
                    raw += more
                status = response.status
        except (ClientError, TimeoutError) as error:
            raise ApiRefusedError(
                f"the server at SENDTRAIL_URL does not answer: {type(error).__name__}"
            ) from None
        if len(raw) > LONGEST:
            raise ApiRefusedError("the answer is too long; ask for less by a lower limit")
        try:
            found = json.loads(raw)
        except ValueError:
            raise ApiRefusedError(f"the server answered HTTP {status} without JSON") from None
        if not 200 <= status < 300:
            raise ApiRefusedError(_refusal(status, found))
        return found


def _sent(query: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in query.items()
        if value not in (None, "")
    }


def _refusal(status: int, found: Any) -> str:
    """What the API says, with what it expected of each field."""
    said = found if isinstance(found, dict) else {}
    words = f"HTTP {status}: {said.get('message') or said.get('status') or 'refused'}"
    # Of a wrong request all fields, counted as in the sentence; of a wrong state what it is.
    more = said.get("fields") or said.get("errors")
    return f"{words} {json.dumps(more)}" if more else words
