"""Whose it is: which of our numbers was written to, and which person wrote."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence, Set
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.addresses import Address
from domain.inbound import Answer, ByHand, Personal, Reply, named
from domain.meeting import Meetings
from projections.database.engine import rows, uuids
from projections.intake import meeting
from projections.readmodels.addresses import leads_of_keys

# A person is looked for by these kinds of address, in this order.
_ORDER = ("user_id", "lid", "wa_id", "phone")


class OwnNumbers:
    """Our numbers as providers call them, each with its device."""

    def __init__(self, connection: Connection, gateways: Iterable[str]) -> None:
        found = rows(
            connection,
            "SELECT device_id, gateway, address, settings FROM devices"
            " WHERE gateway = ANY(%(gateways)s)",
            gateways=list(gateways),
        )
        self._names: dict[UUID, set[str]] = {row.device_id: _names(row) for row in found}
        # Whose number is known. Of another device nothing can be said.
        self._known = {row.device_id for row in found if _number(row)}

    def device(self, to: str, of_url: UUID | None, proved: Collection[UUID]) -> UUID | None:
        """The device whose number ``to`` is, of those ``proved``; None if it is none of these.

        ``of_url`` is the device of the webhook's URL. It is taken where the provider does not say
        which number it was, or where nobody knows the device's number yet.
        """
        if not to:
            return of_url
        for device_id in sorted(proved or self._names, key=lambda id_: (id_ != of_url, id_)):
            if to in self._names.get(device_id, ()):
                return device_id
        return None if of_url in self._known else of_url


def _names(device: Any) -> set[str]:
    """The number itself, what the gateway's own server calls the device, and our id of it."""
    names = (_number(device), device.settings.get("device_id"), str(device.device_id))
    return {str(name) for name in names if name}


def _number(device: Any) -> str | None:
    """The number as webhooks name it, if it is known."""
    number = device.address
    if device.gateway == "cloud":
        number = device.settings.get("phone_number_id")
    return str(number) if number else None


class Quoted(NamedTuple):
    """A message of ours, the person that it went to, when, from which device, and whether that
    person is erased."""

    message_id: UUID
    lead_id: UUID
    dispatched_at: datetime | None
    erased: bool
    device_id: UUID


class People:
    """Finds the leads of what is said. What one item teaches, those after it know."""

    def __init__(
        self, connection: Connection, said: Sequence[tuple[Personal, Collection[UUID]]]
    ) -> None:
        keys = {address.key for item, _ in said for address in named(item)}
        self._owners = leads_of_keys(connection, keys) if keys else {}
        self._by_provider_id = _by_provider_ids(connection, said)
        self._by_id = _by_ids(connection, [i.message_id for i, _ in said if isinstance(i, Answer)])
        self._meetings = meeting.of_leads(connection, self.lead_ids())

    def lead_ids(self) -> set[UUID]:
        """Every lead that may be found."""
        found = {id_ for ids in self._owners.values() for id_ in ids}
        found.update(quoted.lead_id for quoted in self._by_provider_id.values())
        found.update(quoted.lead_id for quoted in self._by_id.values())
        return found

    def message(self, provider_id: str, devices: Collection[UUID]) -> Quoted | None:
        """The message of these devices that the provider calls so."""
        found = (self._by_provider_id.get((device, provider_id)) for device in devices)
        return next(filter(None, found), None)

    def quoted(self, item: Personal, devices: Collection[UUID]) -> Quoted | None:
        """The message of ours that the item names."""
        match item:
            case Answer():
                return self._by_id.get(item.message_id)
            case Reply() if item.quoted:
                return self.message(item.quoted, devices)
            case _:
                return None

    def meetings(self, lead_id: UUID) -> Meetings:
        """Who has met the lead."""
        return self._meetings.get(lead_id, Meetings())

    def meet(self, lead_id: UUID, device_id: UUID | None) -> None:
        """From now on the device has met the lead, who wrote to it."""
        if device_id is not None:
            met = self.meetings(lead_id)
            self._meetings[lead_id] = met._replace(devices={*met.devices, device_id})

    def owner(self, sender: Sequence[Address], speakers: Set[UUID] | None) -> UUID | None:
        """Whose address it is, of the people whom the ``speakers`` could have met; of several the
        one with the surest address."""
        for kind in _ORDER:
            for address in sender:
                if address.kind == kind and (ids := self.all_owners([address], speakers)):
                    return ids[0]
        return None

    def all_owners(
        self, sender: Sequence[Address], speakers: Set[UUID] | None = None
    ) -> list[UUID]:
        """Everybody who has one of these addresses, and whom the ``speakers`` could have met."""
        owners = (id_ for address in sender for id_ in self._owners.get(address.key, ()))
        return [id_ for id_ in dict.fromkeys(owners) if self._could_meet(id_, speakers)]

    def may_learn(
        self, lead_id: UUID, sender: Sequence[Address], speakers: Set[UUID] | None
    ) -> list[Address]:
        """Those of these addresses that the ``speakers`` may give to the lead: they are of nobody
        whom these could not have met."""
        return [
            address
            for address in sender
            if all(
                id_ == lead_id or self._could_meet(id_, speakers)
                for id_ in self._owners.get(address.key, ())
            )
        ]

    def _could_meet(self, lead_id: UUID, speakers: Set[UUID] | None) -> bool:
        return self.meetings(lead_id).could_include(speakers)

    def learn(self, lead_id: UUID, sender: Sequence[Address]) -> None:
        """From now on these are addresses of the lead too."""
        for address in sender:
            ids = self._owners.setdefault(address.key, [])
            if lead_id not in ids:
                ids.append(lead_id)

    def has_owner(self, key: str) -> bool:
        """Whether anybody has an address with that key."""
        return bool(self._owners.get(key))

    def forget(self, lead_id: UUID, key: str) -> None:
        """That address is not the lead's any more."""
        if lead_id in self._owners.get(key, ()):
            self._owners[key].remove(lead_id)


def _by_provider_ids(
    connection: Connection, said: Sequence[tuple[Personal, Collection[UUID]]]
) -> dict[tuple[UUID, str], Quoted]:
    asked: dict[str, set[UUID]] = {}
    for item, devices in said:
        for name in _names_message(item):
            asked.setdefault(name, set()).update(devices)
    if not asked:
        return {}
    found = rows(
        connection,
        """
        SELECT p.device_id, p.provider_id, p.message_id,
            coalesce(l.merged_into, l.lead_id) AS lead_id, m.queued_at,
            l.erased_at IS NOT NULL AS erased, m.device_id AS sent_by
        FROM provider_ids p
        JOIN broadcast_messages m USING (message_id) JOIN leads l USING (lead_id)
        WHERE p.provider_id = ANY(%(ids)s) AND p.device_id = ANY(%(devices)s::uuid[])
        """,
        ids=list(asked),
        devices=uuids({device for devices in asked.values() for device in devices}),
    )
    return {
        (row.device_id, row.provider_id): Quoted(
            row.message_id, row.lead_id, row.queued_at, row.erased, row.sent_by
        )
        for row in found
    }


def _names_message(item: Personal) -> list[str]:
    match item:
        case Reply() if item.quoted:
            return [item.quoted]
        case ByHand():
            return [item.provider_id]
        case _:
            return []


def _by_ids(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Quoted]:
    if not ids:
        return {}
    found = rows(
        connection,
        """
        SELECT m.message_id, coalesce(l.merged_into, l.lead_id) AS lead_id, m.queued_at,
            l.erased_at IS NOT NULL AS erased, m.device_id
        FROM broadcast_messages m JOIN leads l USING (lead_id)
        WHERE m.message_id = ANY(%(ids)s::uuid[])
        """,
        ids=uuids(ids),
    )
    return {row.message_id: Quoted(*row) for row in found}
