"""Watches devices, every 30 seconds: asks each gateway for their state; changes become events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from domain.device import OPERATOR
from domain.errors import SettingsError
from projections.container import Container
from projections.readmodels import devices
from runners.gateways.protocol import DeviceState, Gateway

log = structlog.get_logger()


class Monitor:
    """A device that a person disconnected stays so until a person connects it."""

    def __init__(self, container: Container, gateways: Mapping[str, Gateway], actor: str) -> None:
        self.container = container
        self.gateways = gateways
        self.actor = actor

    def run_once(self) -> int:
        """Returns how many devices changed."""
        with self.container.database.transaction() as connection:
            found = devices.in_service(connection)
        watched = [row for row in found if row.gateway in self.gateways and row.reason != OPERATOR]
        return asyncio.run(self._ask(watched))

    async def _ask(self, watched: list[Any]) -> int:
        """What cannot be asked keeps the state it has: that we do not know is no reason to stop."""
        states = await asyncio.gather(*map(self._state, watched))
        for gateway in self.gateways.values():
            await gateway.close()
        changed = 0
        for row, state in zip(watched, states, strict=True):
            if state is None:
                continue
            if state.online and row.status == "offline":
                self.container.outreach.connect_device(row.device_id, actor=self.actor)
            elif not state.online and row.status == "online":
                reason = state.reason or "the gateway says so"
                self.container.outreach.disconnect_device(row.device_id, reason, actor=self.actor)
            else:
                continue
            changed += 1
        return changed

    async def _state(self, row: Any) -> DeviceState | None:
        try:
            credentials = self.container.secrets.read(row.ciphertext)
        except SettingsError:
            return DeviceState(online=False, reason="its credentials cannot be read")
        asked = self.gateways[row.gateway].status(row.device_id, row.settings, credentials)
        try:
            return await asyncio.wait_for(asked, self.container.settings.gateway_timeout)
        except Exception as error:  # a gateway's fault for one device must hide no other
            log.warning(
                "monitor.no_answer", device_id=str(row.device_id), error=type(error).__name__
            )
            return None
