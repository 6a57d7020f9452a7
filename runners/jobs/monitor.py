"""The monitor: asks gateways for the state and the own number of their devices, and records every
change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog

from domain.device import OPERATOR
from domain.errors import SettingsError, place
from projections.container import Container
from projections.readmodels import devices
from runners.gateways.protocol import DeviceState, Gateway

log = structlog.get_logger()


class Monitor:
    """A device that a person disconnected is not watched until a person connects it."""

    def __init__(self, container: Container, gateways: Mapping[str, Gateway], actor: str) -> None:
        self.container = container
        self.gateways = gateways
        self.actor = actor

    def run_once(self) -> int:
        """Asks for the state of every device; returns how many devices changed."""
        with self.container.database.transaction() as connection:
            in_service = devices.in_service(connection)
        watched = [
            row for row in in_service if row.gateway in self.gateways and row.reason != OPERATOR
        ]
        return asyncio.run(self._ask(watched))

    async def _ask(self, watched: list[Any]) -> int:
        """Asks for the states of ``watched`` rows and records the changes; returns how many.

        A device whose state is not known keeps its status: that is no reason to stop sending.
        """
        states = await asyncio.gather(*map(self._state, watched))
        for gateway in self.gateways.values():
            await gateway.close()
        changed = 0
        faults: list[Exception] = []
        for row, state in zip(watched, states, strict=True):
            if state is None:
                continue
            switched = state.online != (row.status == "online")
            # Of one that was never online nobody knows yet why.
            explained = not state.online and row.status == "offline" and row.reason is None
            learned = state.address not in ("", row.address)
            if not (switched or explained or learned):
                continue
            try:
                if switched or explained:
                    self._record(row.device_id, state)
                if learned:
                    self.container.outreach.learn_device_address(
                        row.device_id, state.address, actor=self.actor
                    )
            except Exception as error:  # it is raised when the others had their turn
                id_ = str(row.device_id)
                log.warning("monitor.not_recorded", device_id=id_, where=place(error))
                faults.append(error)
            else:
                changed += 1
        if faults:
            raise faults[0]
        return changed

    def _record(self, device_id: UUID, state: DeviceState) -> None:
        """Records that the device came online, or is offline and why."""
        if state.online:
            self.container.outreach.connect_device(device_id, actor=self.actor)
        else:
            reason = state.reason or "the gateway says so"
            self.container.outreach.disconnect_device(device_id, reason, actor=self.actor)

    async def _state(self, row: Any) -> DeviceState | None:
        """The device's state as its gateway says it, None where that is not known."""
        try:
            credentials = self.container.secrets.read(row.ciphertext)
        except SettingsError:
            self.container.refuse_replaced_key()
            return DeviceState(online=False, reason="its credentials cannot be read")
        request = self.gateways[row.gateway].status(row.device_id, row.settings, credentials)
        try:
            return await asyncio.wait_for(request, self.container.settings.gateway_timeout)
        except Exception as error:  # a fault of one gateway must not hide the other devices
            log.warning(
                "monitor.no_answer", device_id=str(row.device_id), error=type(error).__name__
            )
            return None
