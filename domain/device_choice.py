"""Which device writes to a lead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from domain.device import Status


class Ties(NamedTuple):
    """What ties a lead to devices, the strongest first.

    ``own`` is the lead's own device, ``replied_through`` the one whose number it replied to last,
    ``first_contact`` that of its earliest message which is not cancelled and whose device is in
    service.
    """

    own: UUID | None = None
    replied_through: UUID | None = None
    first_contact: UUID | None = None


UNTIED = Ties()


def pool(statuses: Mapping[UUID, Status], device_ids: Collection[UUID] = ()) -> list[UUID]:
    """The devices that leads without a tie are shared out among, in id order: those of
    ``device_ids``, or all where there are none, that are online; if none is, those in service.
    ``statuses`` has every device there is."""
    wanted = {id_: statuses[id_] for id_ in device_ids or statuses if id_ in statuses}
    online = sorted(id_ for id_, status in wanted.items() if status == "online")
    return online or sorted(id_ for id_, status in wanted.items() if status != "retired")


def choose(
    lead_id: UUID, ties: Ties, statuses: Mapping[UUID, Status], shared: Sequence[UUID]
) -> UUID | Literal["no_device", "device_retired"]:
    """The device that writes to a lead, or the reason why none does.

    It is the first of the lead's ties that is in service, else one of ``shared``, which is a
    ``pool``, by the lead's id. A tie to a device that is retired is none. ``device_retired`` says
    that the lead's own device is.
    """
    for device in ties:
        if device is not None and statuses.get(device, "retired") != "retired":
            return device
    if shared:
        return shared[lead_id.int % len(shared)]
    return "device_retired" if ties.own in statuses else "no_device"


class Mover:
    """Finds the devices that messages move to. What is chosen for a lead holds for all its
    messages. ``statuses`` has every device there is."""

    def __init__(self, statuses: Mapping[UUID, Status]) -> None:
        self._statuses = statuses
        self._pools: dict[Sequence[UUID], list[UUID]] = {}
        self._chosen: dict[UUID, UUID] = {}

    def is_in_service(self, device_id: UUID | None) -> bool:
        """Whether there is such a device, and it is not retired."""
        return device_id is not None and self._statuses.get(device_id, "retired") != "retired"

    def device_of(self, lead_id: UUID, ties: Ties, device_ids: tuple[UUID, ...]) -> UUID | None:
        """The device that writes to the lead for a campaign or sequence with the pool
        ``device_ids``, or any other where none of that is in service: a message that was promised
        is not lost with its device. None where no device is left."""
        if lead_id in self._chosen:
            return self._chosen[lead_id]
        if device_ids not in self._pools:
            self._pools[device_ids] = pool(self._statuses, device_ids) or pool(self._statuses)
        chosen = choose(lead_id, ties, self._statuses, self._pools[device_ids])
        if not isinstance(chosen, UUID):
            return None
        return self._chosen.setdefault(lead_id, chosen)
