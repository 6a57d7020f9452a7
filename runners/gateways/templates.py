"""Reading the templates of a device's provider, for callers without an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from domain.errors import ProviderError
from domain.template import Approved
from projections.config.settings import Settings
from runners.gateways import cloud_templates
from runners.gateways.http import Http


def reader(
    settings: Settings,
) -> Callable[[Mapping[str, Any], Mapping[str, str], float], list[Approved]]:
    """A function that reads the templates of one device of the Cloud API, given its settings, its
    credentials and the most seconds that this may take. It raises what ``cloud_templates.read``
    raises."""

    def read(
        of_device: Mapping[str, Any], credentials: Mapping[str, str], seconds: float
    ) -> list[Approved]:
        limit = min(seconds, settings.gateway_timeout)
        return asyncio.run(
            _read(Http(limit, settings.allow_private_hosts), of_device, credentials, limit)
        )

    return read


async def _read(
    http: Http, settings: Mapping[str, Any], credentials: Mapping[str, str], seconds: float
) -> list[Approved]:
    try:
        async with asyncio.timeout(seconds):
            return await cloud_templates.read(http, settings, credentials)
    except TimeoutError:
        raise ProviderError(f"the provider gave no answer within {seconds:g} seconds") from None
    finally:
        await http.close()
