"""The keys of leads at rest: each is encrypted with a key derived from the secret key.

So a copy of the database alone, a backup for instance, opens no personal data. The cipher is
AES-256-GCM. It authenticates the lead's id too, so that the key of one lead does not pass for
another's.

Beside it is the lead's digest key, in the clear. It keys the digests of texts, so that the text to
a person who was erased cannot be found by trying texts; it opens nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from domain.errors import StorageError
from projections.config.secret_key import key_cipher
from projections.database import secret_check
from projections.database.engine import KEY_CIPHER, rows, uuids
from projections.database.prepared import prepared

KEY_BYTES, NONCE_BYTES = 32, 12

_READ = prepared("SELECT lead_id, key FROM lead_keys WHERE lead_id = ANY(%(ids)s::uuid[])")
_INSERT = prepared(
    f"""
    WITH made AS (
        INSERT INTO lead_keys (lead_id, key, digest_key)
        SELECT * FROM unnest(%(ids)s::uuid[], %(keys)s::bytea[], %(digest_keys)s::bytea[])
    )
    {secret_check.KEPT}
    """,
    first=secret_check.HOLD,
)
_PAGE = """
SELECT lead_id, key FROM lead_keys WHERE lead_id > %(after)s ORDER BY lead_id LIMIT %(limit)s
"""
# Who is erased meanwhile has no row any more, and gets none.
_REPLACE = """
UPDATE lead_keys k SET key = r.key
FROM unnest(%(ids)s::uuid[], %(keys)s::bytea[]) AS r(lead_id, key) WHERE k.lead_id = r.lead_id
"""
# Keys that are encrypted anew at a time.
PAGE = 5000


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
    """The keys, of 32 bytes, of those of the leads that have one.

    Raises as ``unwrap`` does, and OtherSecretKeyError if the database has another secret key by
    now.
    """
    wanted = uuids(lead_ids)
    found = rows(connection, _READ, ids=wanted) if wanted != "{}" else []
    cipher = cipher_of(connection)
    try:
        return {row.lead_id: unwrap(cipher, row.lead_id, row.key) for row in found}
    except StorageError:
        secret_check.hold(connection)
        raise


def digest_key(connection: Connection, lead_id: UUID) -> bytes | None:
    """The lead's digest key, of 32 bytes; None if there is none, or none any more."""
    found = rows(
        connection, "SELECT digest_key FROM lead_keys WHERE lead_id = %(id)s", id=str(lead_id)
    )
    return bytes(found[0].digest_key) if found and found[0].digest_key is not None else None


def make(connection: Connection, lead_ids: Iterable[UUID]) -> dict[UUID, bytes]:
    """Make and store a key, and a digest key, for each of the leads, which must have none; return
    the keys. Raises OtherSecretKeyError if the database has another secret key by now."""
    # In id order, so that two transactions that register the same leads do not deadlock.
    keys = {lead_id: os.urandom(KEY_BYTES) for lead_id in sorted(lead_ids)}
    if keys:
        cipher = cipher_of(connection)
        # What another key encrypted is taken back with the transaction.
        stored = rows(
            connection,
            _INSERT,
            ids=uuids(keys),
            keys=_bytes(wrap(cipher, lead_id, key) for lead_id, key in keys.items()),
            digest_keys=_bytes(os.urandom(KEY_BYTES) for _ in keys),
        )
        secret_check.check(connection, stored)
    return keys


def encrypt_anew(
    connection: Connection,
    old_key: str,
    new_key: str,
    progress: Callable[[int], None] = lambda done: None,
) -> int:
    """Encrypt all keys of leads with the secret key ``new_key`` in place of ``old_key``, page by
    page; return how many.

    Nobody may make keys meanwhile. ``progress`` is called with the number done so far. Raises as
    ``unwrap`` does.
    """
    old, new, done, after = key_cipher(old_key), key_cipher(new_key), 0, UUID(int=0)
    while page := rows(connection, _PAGE, after=str(after), limit=PAGE):
        keys = [wrap(new, row.lead_id, unwrap(old, row.lead_id, row.key)) for row in page]
        connection.exec_driver_sql(
            _REPLACE, {"ids": uuids(row.lead_id for row in page), "keys": keys}
        )
        done, after = done + len(page), page[-1].lead_id
        progress(done)
    return done


def _bytes(values: Iterable[bytes]) -> str:
    """The literal of a ``bytea[]``."""
    return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in values]) + "}"
