"""Personal data at rest: in events it is encrypted with a key of the lead's own, kept apart.

Destroying the key erases the person from the whole log at once, though no event is ever changed:
what cannot be decrypted any more reads as blank. AES-256-GCM; an event's place in its stream is
authenticated with it, so that no ciphertext fits elsewhere.
"""

from __future__ import annotations

import os
from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from domain.errors import StorageError
from projections.database.engine import rows, uuids
from projections.readmodels.projector import Row

# Where an event has personal data: paths into its JSON.
PERSONAL: Mapping[str, Sequence[Sequence[str]]] = {
    "lead.registered": (("phone",), ("profile", "name"), ("profile", "attributes")),
    "lead.updated": (("profile", "name"), ("profile", "attributes")),
    "lead.opted_out": (("evidence",),),
    "lead.opted_in": (("evidence",),),
    "lead.replied": (("text",), ("provider_id",)),
}
REGISTERED = "lead.registered"
# What stands in its place once it is erased.
BLANK: Mapping[str, Any] = {"attributes": {}}
KEY_BYTES, NONCE_BYTES = 32, 12

# Tables of leads beside the live one; the keys are in the live schema.
_COPIES = """
SELECT format('%%I.%%I', n.nspname, c.relname) AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = %(name)s AND c.relkind = 'r'
  AND n.oid <> (SELECT relnamespace FROM pg_class WHERE oid = 'lead_keys'::regclass)
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'erased_at')
"""
# SQL: what is left of the person in a row of ``leads``.
_BLANK = "phone = NULL, name = '', attributes = '{}'"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def encrypt(connection: Connection, events: Sequence[Row]) -> Sequence[Row]:
    """The events as they are to be stored. Leads that are registered get their keys here, in the
    transaction of ``connection``; of the others the keys are read.

    One without a key gets one too: an earlier version registered it, or it was erased since the
    caller read it, and then its version is taken and this transaction keeps nothing."""
    if PERSONAL.keys().isdisjoint({topic for _, _, topic, _ in events}):
        return events
    personal = [row for row in events if row[2] in PERSONAL]
    registered = {row[0] for row in personal if row[2] == REGISTERED}
    known = _keys(connection, {row[0] for row in personal} - registered)
    new = {row[0]: os.urandom(KEY_BYTES) for row in personal if row[0] not in known}
    _keep(connection, new)
    keys = {**known, **new}
    return [_encrypted(row, keys) if row[2] in PERSONAL else row for row in events]


def decrypt(connection: Connection, events: Sequence[Row]) -> Sequence[Row]:
    """The events as they were before they were stored, with blanks for what has been erased."""
    personal = {row[0] for row in events if row[2] in PERSONAL}
    if not personal:
        return events
    keys = _keys(connection, personal)
    return [
        (*row[:3], clear(*row, keys.get(row[0]))) if row[2] in PERSONAL else row for row in events
    ]


def forget(connection: Connection, lead_id: UUID) -> None:
    """Destroys the lead's key, answers to requests that may name the person, and what a replay or
    a rebuild left of it in other schemas."""
    connection.exec_driver_sql("DELETE FROM lead_keys WHERE lead_id = %(id)s", {"id": lead_id})
    connection.exec_driver_sql(
        "DELETE FROM idempotency WHERE position(%(id)s::bytea IN body) > 0",
        {"id": str(lead_id).encode()},
    )
    for copy in rows(connection, _COPIES, name="leads"):
        connection.exec_driver_sql(
            f"UPDATE {copy.name} SET {_BLANK} WHERE lead_id = %(id)s", {"id": lead_id}
        )


def forget_again(connection: Connection, schema: str) -> None:
    """Forgets in that schema who was erased while it was filled: whoever erases does not see what
    another transaction is about to write there."""
    # Waits for those who erase just now; who comes later sees all that was written.
    connection.exec_driver_sql(f"LOCK TABLE {schema}.leads IN SHARE ROW EXCLUSIVE MODE")
    connection.exec_driver_sql(
        f"UPDATE {schema}.leads c SET {_BLANK} FROM public.leads l"
        " WHERE l.lead_id = c.lead_id AND l.erased_at IS NOT NULL"
    )


def _encrypted(row: Row, keys: Mapping[UUID, bytes]) -> Row:
    originator_id, version, topic, state = row
    event = _decode(state)
    taken = {path[-1]: _parent(event, path).pop(path[-1]) for path in PERSONAL[topic]}
    nonce = os.urandom(NONCE_BYTES)
    place = _place(originator_id, version)
    secret = AESGCM(keys[originator_id]).encrypt(nonce, _encode(taken), place)
    event["sealed"] = b64encode(nonce + secret).decode()
    return originator_id, version, topic, _encode(event)


def clear(
    originator_id: UUID | str, version: int, topic: str, state: bytes | str, key: Any
) -> bytes:
    """The state of an event of a PERSONAL topic as it was before it was stored, blank where there
    is no key."""
    event = _decode(state)
    if "sealed" not in event:  # an earlier version stored it
        return state if isinstance(state, bytes) else state.encode()
    encrypted = event.pop("sealed")
    taken: Mapping[str, Any] = {}
    if key is not None:
        try:
            secret = a2b_base64(encrypted)
            nonce, secret = secret[:NONCE_BYTES], secret[NONCE_BYTES:]
            taken = _decode(AESGCM(key).decrypt(nonce, secret, _place(originator_id, version)))
        except (InvalidTag, TypeError, ValueError):  # what is no base64, or too short, too
            raise StorageError(
                f"the personal data of event {version} of lead {originator_id} was altered"
            ) from None
    for path in PERSONAL[topic]:
        name = path[-1]
        _parent(event, path)[name] = taken.get(name, BLANK.get(name, ""))
    return _encode(event)


def _parent(event: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    for name in path[:-1]:
        event = event[name]
    return event


def _place(originator_id: UUID | str, version: int) -> bytes:
    return bytes.fromhex(str(originator_id).replace("-", "")) + version.to_bytes(8, "big")


def _keys(connection: Connection, lead_ids: Iterable[UUID]) -> dict[UUID, bytes]:
    found = rows(
        connection,
        "SELECT lead_id, key FROM lead_keys WHERE lead_id = ANY(%(ids)s::uuid[])",
        ids=uuids(lead_ids),
    )
    return {row.lead_id: bytes(row.key) for row in found}


def _keep(connection: Connection, keys: Mapping[UUID, bytes]) -> None:
    if keys:
        # In id order, so that two that register the same leads cannot wait for each other.
        given = [{"lead_id": lead_id, "key": keys[lead_id].hex()} for lead_id in sorted(keys)]
        connection.exec_driver_sql(
            "INSERT INTO lead_keys (lead_id, key) SELECT lead_id, decode(key, 'hex')"
            " FROM json_to_recordset(%(rows)s) AS r(lead_id uuid, key text)",
            {"rows": _encode(given).decode()},
        )
