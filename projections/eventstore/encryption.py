"""Personal data at rest: encrypted in each event, with a key of the lead's own.

The keys are in a table beside the log; ``lead_keys`` reads and writes it. Destroying a lead's key
erases the person from the whole log at once, though no event changes: what cannot be decrypted any
more reads as blank. The cipher is AES-256-GCM. It authenticates the event's place in its stream
too, so that a ciphertext fits no other event.
"""

from __future__ import annotations

import os
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from domain.errors import StorageError
from projections.eventstore import lead_keys
from projections.eventstore.lead_keys import NONCE_BYTES
from projections.readmodels.projector import Row

# By topic, where an event has personal data: paths into its JSON.
PERSONAL: Mapping[str, Sequence[Sequence[str]]] = {
    "lead.registered": (
        ("phone",),
        ("profile", "name"),
        ("profile", "attributes"),
        ("renewed_consent",),
    ),
    "lead.updated": (("profile", "name"), ("profile", "attributes")),
    "lead.opted_out": (("evidence",),),
    "lead.opted_in": (("evidence",),),
    "lead.replied": (("text",), ("provider_id",), ("sender",)),
    "lead.reply_edited": (("text",), ("provider_id",), ("edit_id",)),
    "lead.address_learned": (("address",),),
    "lead.phone_changed": (("phone",), ("evidence",)),
    "lead.contacted_by_hand": (("provider_id",),),
    "lead.message_composed": (("body",), ("media_url",)),
    "lead.consent_given": (("source",), ("words",)),
    "lead.consent_withdrawn": (("evidence",),),
    "suppression.address_suppressed": (("address",), ("evidence",)),
    "suppression.address_released": (("evidence",),),
}
# With these a stream begins; a suppression's may come again.
BEGINNINGS = ("lead.registered", "suppression.address_suppressed")
# What a field reads as once it is erased, if that is not an empty text. None: it is left out.
BLANK: Mapping[str, Any] = {
    "attributes": {},
    "address": {"kind": "phone", "value": ""},
    "sender": None,
    "renewed_consent": None,
    "media_url": None,
}

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
# An object of which most fields go as they came.
_fields_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def encrypt(connection: Connection, events: Sequence[Row]) -> Sequence[Row]:
    """The events with their personal data encrypted, as they are to be stored.

    The keys of leads that are registered by these events are made and stored in the transaction of
    ``connection``. The keys of other leads are read. Another lead without a key gets one as well:
    an earlier release registered it without, or it was erased after the caller loaded it; the
    version of the event is taken then, and the append will fail and undo the key.
    """
    if PERSONAL.keys().isdisjoint({topic for _, _, topic, _ in events}):
        return events
    personal = [row for row in events if row[2] in PERSONAL]
    registered = {row[0] for row in personal if row[2] in BEGINNINGS and row[1] == 1}
    known = lead_keys.read(connection, {row[0] for row in personal} - registered)
    new = lead_keys.make(connection, {row[0] for row in personal} - known.keys())
    keys = {**known, **new}
    return [_encrypt_event(row, keys) if row[2] in PERSONAL else row for row in events]


def decrypt(connection: Connection, events: Sequence[Row]) -> Sequence[Row]:
    """The events with their personal data in the clear, and blanks for what has been erased.

    Raises StorageError if an event's ciphertext was altered, or an event is no JSON.
    """
    lead_ids = {row[0] for row in events if row[2] in PERSONAL}
    if not lead_ids:
        return events
    keys = lead_keys.read(connection, lead_ids)
    try:
        return [
            (*row[:3], decrypt_state(*row, keys.get(row[0]))) if row[2] in PERSONAL else row
            for row in events
        ]
    except msgspec.DecodeError:
        raise StorageError("an event is not what was written; see sendtrail audit verify") from None


def _encrypt_event(row: Row, keys: Mapping[UUID, bytes]) -> Row:
    """The row with its personal fields moved into ``sealed``: base64 of nonce and ciphertext."""
    originator_id, version, topic, state = row
    event: dict[str, Any] = _fields_of(state)
    fields: dict[str, Any] = {}
    for path in PERSONAL[topic]:
        parent = event
        for name in path[:-1]:
            if isinstance(parent[name], msgspec.Raw):
                parent[name] = _fields_of(parent[name])
            parent = parent[name]
        if path[-1] in parent:
            fields[path[-1]] = parent.pop(path[-1])
    nonce = os.urandom(NONCE_BYTES)
    place = _associated_data(originator_id, version)
    ciphertext = AESGCM(keys[originator_id]).encrypt(nonce, _encode(fields), place)
    event["sealed"] = b2a_base64(nonce + ciphertext, newline=False).decode()
    return originator_id, version, topic, _encode(event)


def decrypt_state(
    originator_id: UUID | str, version: int, topic: str, state: bytes | str, key: bytes | None
) -> bytes:
    """The JSON of an event of a PERSONAL topic with its personal data in the clear.

    ``state`` is the JSON as it is stored. ``key`` is the lead's, of 32 bytes; None leaves the
    fields blank. Raises StorageError if the ciphertext was altered, msgspec.DecodeError if the
    state is no JSON.
    """
    event = _decode(state)
    if "sealed" not in event:  # an earlier release stored it
        return state if isinstance(state, bytes) else state.encode()
    sealed = event.pop("sealed")
    fields: Mapping[str, Any] = {}
    if key is not None:
        place = _associated_data(originator_id, version)
        try:
            data = a2b_base64(sealed)
            nonce, ciphertext = data[:NONCE_BYTES], data[NONCE_BYTES:]
            fields = _decode(AESGCM(key).decrypt(nonce, ciphertext, place))
        except (InvalidTag, TypeError, ValueError):  # also if it is no base64, or too short
            raise StorageError(
                f"the personal data of event {version} of lead {originator_id} was altered"
            ) from None
    for path in PERSONAL[topic]:
        name = path[-1]
        value = fields.get(name, BLANK.get(name, ""))
        if value is not None:
            _parent(event, path)[name] = value
    return _encode(event)


def _parent(event: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """The object in ``event`` that holds the last name of ``path``."""
    for name in path[:-1]:
        event = event[name]
    return event


def _associated_data(originator_id: UUID | str, version: int) -> bytes:
    """The event's place in its stream, which the cipher authenticates."""
    if isinstance(originator_id, UUID):
        return originator_id.bytes + version.to_bytes(8, "big")
    return bytes.fromhex(originator_id.replace("-", "")) + version.to_bytes(8, "big")
