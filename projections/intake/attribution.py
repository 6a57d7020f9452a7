"""Whose it is: which of our numbers was written to, and which person wrote."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence, Set
from datetime import datetime
from typing import NamedTuple
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
    """Our numbers as providers call them, each with its device: those that are ``asked`` for, and
    the devices ``of_urls``. There may be thousands of others."""

    def __init__(
        self,
        connection: Connection,
        gateways: Iterable[str],
        asked: Iterable[str],
        of_urls: Iterable[UUID],
    ) -> None:
        found = rows(
            connection,
            """
            SELECT device_id, CASE WHEN gateway = 'cloud' THEN settings ->> 'phone_number_id'
                ELSE address END AS number, settings ->> 'device_id' AS name
            FROM devices
            WHERE gateway = ANY(%(gateways)s) AND (device_id = ANY(%(of_urls)s::uuid[])
                OR address = ANY(%(asked)s) OR settings ->> 'phone_number_id' = ANY(%(asked)s)
                OR settings ->> 'device_id' = ANY(%(asked)s) OR device_id::text = ANY(%(asked)s))
            """,
            gateways=list(gateways),
            asked=list(asked),
            of_urls=uuids(of_urls),
        )
        # By the number itself, what the gateway's own server calls the device, and our id of it.
        self._named: dict[str, list[UUID]] = {}
        for row in found:
            for name in {row.number, row.name, str(row.device_id)} - {None, ""}:
                self._named.setdefault(name, []).append(row.device_id)
        # Whose number is known. Of another device nothing can be said.
        self._known = {row.device_id for row in found if row.number}

    def device(self, to: str, of_url: UUID | None, proved: Set[UUID]) -> UUID | None:
        """The device whose number ``to`` is, of those ``proved``; None if it is none of these.

        ``of_url`` is the device of the webhook's URL. It is taken where the provider does not say
        which number it was, or where nobody knows the device's number yet.
        """
        if not to:
            return of_url
        named = [id_ for id_ in self._named.get(to, ()) if not proved or id_ in proved]
        if named:
            return of_url if of_url in named else min(named)
        return None if of_url in self._known else of_url


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
        self, connection: Connection, said: Sequence[tuple[Personal, frozenset[UUID]]]
    ) -> None:
        keys = {address.key for item, _ in said for address in named(item)}
        self._owners = leads_of_keys(connection, keys) if keys else {}
        self._by_provider_id = _by_provider_ids(connection, said)
        self._by_id = _by_ids(connection, [i.message_id for i, _ in said if isinstance(i, Answer)])
        self._meetings = meeting.of_leads(connection, self.lead_ids())

    def lead_ids(self) -> set[UUID]:
        """Every lead that may be found."""
        found = {id_ for ids in self._owners.values() for id_ in ids}
        found.update(
            quoted.lead_id for named in self._by_provider_id.values() for quoted in named.values()
        )
        found.update(quoted.lead_id for quoted in self._by_id.values())
        return found

    def message(self, provider_id: str, devices: Set[UUID]) -> Quoted | None:
        """The message of these devices that the provider calls so."""
        named = self._by_provider_id.get(provider_id, {})
        return next((named[device] for device in sorted(named.keys() & devices)), None)

    def quoted(self, item: Personal, devices: Set[UUID]) -> Quoted | None:
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
    connection: Connection, said: Sequence[tuple[Personal, frozenset[UUID]]]
) -> dict[str, dict[UUID, Quoted]]:
    """The messages that are named, by the provider's id and then by the device that has it so. Of
    devices that nobody in ``said`` speaks for there are none."""
    asked = {name for item, _ in said for name in _names_message(item)}
    if not asked:
        return {}
    devices = frozenset().union(*{devices for _, devices in said})
    found = rows(
        connection,
        """
        SELECT p.device_id, p.provider_id, p.message_id,
            coalesce(l.merged_into, l.lead_id) AS lead_id, m.queued_at,
            l.erased_at IS NOT NULL AS erased, m.device_id AS sent_by
        FROM provider_ids p
        JOIN broadcast_messages m USING (message_id) JOIN leads l USING (lead_id)
        WHERE p.provider_id = ANY(%(ids)s)
        """,
        ids=list(asked),
    )
    named: dict[str, dict[UUID, Quoted]] = {}
    for row in found:
        if row.device_id in devices:
            named.setdefault(row.provider_id, {})[row.device_id] = Quoted(
                row.message_id, row.lead_id, row.queued_at, row.erased, row.sent_by
            )
    return named


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
