"""The commands on devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal
from uuid import UUID

from domain import device
from domain.access import DeviceCredentialsChanged
from domain.application.access import AccessCommands
from domain.application.base import DEVICE, applied
from domain.errors import InvalidInputError, PendingMessagesError
from domain.event import Event


class DeviceCommands(AccessCommands):
    """Register, reconfigure, connect, disconnect, retire; learn its own address."""

    def get_device(self, device_id: UUID) -> device.Device:
        """The device's present state. Raises NotFoundError."""
        return self._load(DEVICE, device_id)

    def register_device(
        self,
        configuration: device.Configuration,
        credentials: Mapping[str, str] | None = None,
        *,
        actor: str,
    ) -> device.Device:
        """Register a device with these credentials, offline at first."""
        given = credentials or {}
        event = device.register(
            self.new_id(),
            configuration,
            given,
            allowed=self.allowed_hosts,
            now=self.clock(),
            actor=actor,
        )
        with self.queries.transaction() as connection:
            changed = self._put_credentials(
                connection, event.originator_id, credentials or None, actor
            )
            self.record(connection, (event, *changed))
        return device.evolve(None, event)

    def reconfigure_device(
        self,
        device_id: UUID,
        configuration: device.Configuration
        | Callable[[device.Configuration], device.Configuration],
        credentials: Mapping[str, str] | None = None,
        *,
        seen: int | None = None,
        actor: str,
    ) -> device.Device:
        """Replace the configuration, and the credentials unless they are None, both or neither.
        ``configuration`` is the new one, or makes it of the present one. Raises WrongStateError
        where the device is not at the version ``seen`` any more."""

        def decide(connection: Any, state: device.Device, now: datetime) -> Sequence[Event]:
            new = applied(configuration, state.configuration)
            stored: frozenset[str] = frozenset()
            if device.moves(state.configuration, new):
                stored = self.queries.credential_names(connection, device_id)
            events = device.reconfigure(
                state, new, credentials, stored, allowed=self.allowed_hosts, now=now, actor=actor
            )
            changed = self._put_credentials(connection, device_id, credentials, actor)
            return (*events, *changed)

        return self._change_with_queries(DEVICE, device_id, decide, seen)

    def _put_credentials(
        self, connection: Any, device_id: UUID, credentials: Mapping[str, str] | None, actor: str
    ) -> tuple[Event, ...]:
        """Store the credentials, unless they are None; the event that says which there are now."""
        if credentials is None:
            return ()
        self.queries.put_credentials(connection, device_id, credentials, self.clock())
        facts = {"device_id": device_id, "names": tuple(sorted(credentials))}
        return (self.access_event(connection, DeviceCredentialsChanged, actor=actor, **facts),)

    def connect_device(self, device_id: UUID, *, actor: str) -> device.Device:
        """Let the device send."""
        return self._change(DEVICE, device_id, device.connect, actor)

    def disconnect_device(self, device_id: UUID, reason: str, *, actor: str) -> device.Device:
        """Hold what is pending on the device. With the reason ``device.OPERATOR`` no program
        connects it again."""
        return self._change(DEVICE, device_id, partial(device.disconnect, reason=reason), actor)

    def retire_device(
        self,
        device_id: UUID,
        *,
        move_to: UUID | Literal["any"] | None = None,
        cancel: bool = False,
        actor: str,
    ) -> device.Device:
        """Retire for good. What waits on the device is moved by the reaper: to ``move_to``, or, if
        that is ``any``, to whichever device writes to each lead. Or it is cancelled.

        Raises PendingMessagesError where something waits and neither is said, InvalidInputError
        where no other device in service can take it over.
        """
        if cancel and move_to is not None:
            raise InvalidInputError("cancel", "either move_to or cancel")

        def decide(connection: Any, state: device.Device, now: datetime) -> Sequence[Event]:
            statuses = self.queries.device_statuses(connection)
            others = {id_ for id_, each in statuses.items() if each != "retired"} - {device_id}
            target = move_to if isinstance(move_to, UUID) else None
            if move_to is not None and not (others if target is None else target in others):
                raise InvalidInputError("move_to", "another device that is in service, or 'any'")
            # Where nothing waits, what comes late must not be lost.
            retired = device.retire(
                state, move_pending=not cancel, move_to=target, now=now, actor=actor
            )
            if move_to is None and not cancel:
                pending = self.queries.count_waiting(connection, device_id)
                if pending:
                    raise PendingMessagesError(pending)
            return retired

        return self._change_with_queries(DEVICE, device_id, decide)

    def learn_device_address(self, device_id: UUID, address: str, *, actor: str) -> device.Device:
        """Note what the gateway says that the device's own number is called."""
        return self._change(
            DEVICE, device_id, partial(device.learn_address, address=address), actor
        )
