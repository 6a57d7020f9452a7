"""The keys of leads at rest: each is encrypted with a key derived from the secret key.

So a copy of the database alone, a backup for instance, opens no personal data. The cipher is
AES-256-GCM. It authenticates the lead's id too, so that the key of one lead does not pass for
another's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from domain.errors import StorageError
from projections.config.secret_key import key_cipher
from projections.database.engine import KEY_CIPHER, rows, uuids

KEY_BYTES, NONCE_BYTES, TAG_BYTES = 32, 12, 16
# Of a key as it is stored. An earlier version stored the KEY_BYTES as they are.
STORED_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES

_PLAIN = """
SELECT lead_id, key FROM lead_keys WHERE lead_id > %(after)s AND octet_length(key) = %(plain)s
ORDER BY lead_id LIMIT %(limit)s FOR UPDATE
"""
_REPLACE = """
UPDATE lead_keys k SET key = decode(r.key, 'hex')
FROM json_to_recordset(%(rows)s) AS r(lead_id uuid, key text) WHERE k.lead_id = r.lead_id
"""
_INSERT = """
INSERT INTO lead_keys (lead_id, key) SELECT lead_id, decode(key, 'hex')
FROM json_to_recordset(%(rows)s) AS r(lead_id uuid, key text)
"""


def cipher_of(connection: Connection) -> AESGCM:
    """The cipher of leads' keys that the connection's database was opened with.

    Raises StorageError if it was opened without a secret key.
    """
    cipher = connection.get_execution_options().get(KEY_CIPHER)
    if not isinstance(cipher, AESGCM):
        raise StorageError("personal data: expected a database that was opened with a secret key")
    return cipher


def wrap(cipher: AESGCM, lead_id: UUID, key: bytes) -> bytes:
    """The lead's ``key`` of 32 bytes as it is stored: nonce, ciphertext and tag, 60 bytes."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, key, lead_id.bytes)


def unwrap(cipher: AESGCM, lead_id: UUID | str, stored: bytes | memoryview) -> bytes:
    """The lead's key of 32 bytes, of what is stored; a plain one passes as it is.

    Raises StorageError if it was altered, is another lead's, or another secret key encrypted it.
    """
    data = bytes(stored)
    if len(data) == KEY_BYTES:
        return data
    place = bytes.fromhex(str(lead_id).replace("-", ""))
    try:
        return cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], place)
    except (InvalidTag, ValueError):
        raise StorageError(f"the key of lead {lead_id} was altered") from None


def read(connection: Connection, lead_ids: Iterable[UUID]) -> dict[UUID, bytes]:
    """The keys, of 32 bytes, of those of the leads that have one. Raises as ``unwrap`` does."""
    found = rows(
        connection,
        "SELECT lead_id, key FROM lead_keys WHERE lead_id = ANY(%(ids)s::uuid[])",
        ids=uuids(lead_ids),
    )
    cipher = cipher_of(connection)
    return {row.lead_id: unwrap(cipher, row.lead_id, row.key) for row in found}


def make(connection: Connection, lead_ids: Iterable[UUID]) -> dict[UUID, bytes]:
    """Make and store a key for each of the leads, which must have none; return the keys."""
    # In id order, so that two transactions that register the same leads do not deadlock.
    keys = {lead_id: os.urandom(KEY_BYTES) for lead_id in sorted(lead_ids)}
    _execute(connection, _INSERT, cipher_of(connection), keys)
    return keys


def encrypt_kept_keys(connection: Connection, secret_key: str, page: int = 5000) -> int:
    """Encrypt the keys that an earlier version stored as they are, ``page`` rows at a time.

    Returns how many there were. The keys that are encrypted already stay. All is done in the
    transaction of ``connection``. ``secret_key`` is the installation's.
    """
    cipher, count, after = key_cipher(secret_key), 0, UUID(int=0)
    while plain := rows(connection, _PLAIN, after=str(after), plain=KEY_BYTES, limit=page):
        # A connection that does not come from ``Database`` reads ids as texts.
        keys = {UUID(str(row.lead_id)): bytes(row.key) for row in plain}
        _execute(connection, _REPLACE, cipher, keys)
        count, after = count + len(keys), max(keys)
    return count


def _execute(
    connection: Connection, statement: str, cipher: AESGCM, keys: Mapping[UUID, bytes]
) -> None:
    """Stores the keys by that statement, encrypted."""
    if keys:
        records = [
            {"lead_id": lead_id, "key": wrap(cipher, lead_id, key).hex()}
            for lead_id, key in keys.items()
        ]
        connection.exec_driver_sql(statement, {"rows": msgspec.json.encode(records).decode()})
