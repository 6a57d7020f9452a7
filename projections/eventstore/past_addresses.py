"""Every address that a person ever had, as far as the events can be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from uuid import UUID

from sqlalchemy import Connection

from domain.application.ports import PastAddresses
from domain.errors import StorageError
from domain.event import Event
from domain.lead.events import (
    LeadAddressLearned,
    LeadErased,
    LeadPhoneChanged,
    LeadRegistered,
    LeadReplied,
)
from domain.phones import canonical
from projections.database.engine import rows, uuids
from projections.eventstore import lead_keys
from projections.eventstore.encryption import PERSONAL, decrypt_state
from projections.eventstore.mapper import UNREADABLE, decode


def read(connection: Connection, lead_ids: Iterable[UUID]) -> PastAddresses:
    """The keys of all addresses of these leads, former ones too, in order; and of each lead the
    versions of those events that cannot be read, or could not when it was erased. No event of a
    lead whose own key is damaged can be."""
    ids = list(lead_ids)
    keys = {
        row.key
        for row in rows(
            connection,
            "SELECT key FROM lead_addresses WHERE lead_id = ANY(%(ids)s::uuid[])",
            ids=uuids(ids),
        )
    }
    unreadable: dict[UUID, list[int]] = defaultdict(list)
    opened = {id_: _key(connection, id_) for id_ in ids}
    for event in rows(
        connection,
        "SELECT originator_id, originator_version, topic, state FROM stored_events"
        " WHERE originator_id = ANY(%(ids)s::uuid[]) ORDER BY originator_id, originator_version",
        ids=uuids(ids),
    ):
        id_, version, topic, state = event
        key, damaged = opened[id_]
        try:
            if topic in PERSONAL:
                if damaged:
                    raise StorageError("the key was altered")
                state = decrypt_state(id_, version, topic, bytes(state), key)
            past = decode(topic, bytes(state))
            keys.update(filter(None, _keys(past)))
            if isinstance(past, LeadErased):
                unreadable[id_] = list(past.unreadable)
        except UNREADABLE:
            unreadable[id_].append(version)
    return PastAddresses(sorted(keys), {id_: tuple(found) for id_, found in unreadable.items()})


def _key(connection: Connection, lead_id: UUID) -> tuple[bytes | None, bool]:
    """The lead's key, None if it has none, and whether it is damaged."""
    try:
        return lead_keys.read(connection, [lead_id]).get(lead_id), False
    except StorageError:
        return None, True


def _keys(event: Event) -> Iterator[str]:
    match event:
        case LeadRegistered() | LeadPhoneChanged():
            yield canonical(event.phone) if event.phone else ""
        case LeadAddressLearned():
            yield event.address.key
        case LeadReplied() if event.sender is not None:
            yield event.sender.key
