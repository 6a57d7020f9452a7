"""Linking the phone of a device, and reading its contacts, for callers without an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from domain.errors import ProviderError
from domain.pairing import Contact, QrCode
from projections.config.settings import Settings
from runners.gateways import gowa_phone
from runners.gateways.http import Http

R = TypeVar("R")


class Phones:
    """Asks the gateways of devices, each given by its settings and its credentials. All raise
    UnsupportedError and ProviderError."""

    def __init__(self, settings: Settings) -> None:
        self._allowed = settings.allow_private_hosts

    def qr_code(self, of_device: Mapping[str, Any], credentials: Mapping[str, str]) -> QrCode:
        """A code for the phone to scan. Raises WrongStateError where one is linked already."""
        return self._ask(lambda http: gowa_phone.qr_code(http, of_device, credentials))

    def code(self, of_device: Mapping[str, Any], credentials: Mapping[str, str], phone: str) -> str:
        """A code to type on the phone of that number. Raises WrongStateError as above."""
        return self._ask(lambda http: gowa_phone.code(http, of_device, credentials, phone))

    def contacts(
        self, of_device: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> list[Contact]:
        """The people in the phone's address book."""
        return self._ask(lambda http: gowa_phone.contacts(http, of_device, credentials))

    def _ask(self, what: Callable[[Http], Awaitable[R]]) -> R:
        return asyncio.run(self._asked(what))

    async def _asked(self, what: Callable[[Http], Awaitable[R]]) -> R:
        seconds = gowa_phone.PAIRING_SECONDS
        http = Http(seconds, self._allowed)
        try:
            async with asyncio.timeout(seconds):
                return await what(http)
        except TimeoutError:
            raise ProviderError(f"the gateway gave no answer within {seconds:g} seconds") from None
        finally:
            await http.close()
