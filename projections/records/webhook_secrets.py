"""Which devices have which webhook secret, by an id of the secret that tells nothing of it.

A server or an app of a provider often has one secret for several devices, thousands even. A request
is proved by the secret of the device in its URL, and says for whom else it may speak when it is
recorded: whoever had the same secret when it came.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.ids import keyed
from domain.webhook_secret import NAMES
from projections.database import identity_key
from projections.database.engine import rows, uuids
from projections.database.prepared import prepared

# How long it is known who had a secret that was replaced. What came before that has to be recorded
# within that time.
KEPT_FOR = timedelta(days=30)
# Devices that a process remembers.
MOST = 10_000

_STORED = prepared("""
SELECT k.ciphertext FROM devices d LEFT JOIN device_secrets k USING (device_id)
WHERE d.device_id = %(device_id)s::uuid AND d.gateway = %(gateway)s
""")

_decode = msgspec.json.Decoder(list[UUID]).decode


class Proof(NamedTuple):
    """The secret of a device's webhooks, empty where it has none; its id; and the credentials that
    it is in, as they are stored."""

    secret: str
    secret_id: UUID | None
    ciphertext: bytes | None

    def __repr__(self) -> str:
        # The secret does not get into a log or a traceback.
        return f"<proof by secret {self.secret_id}>"


class Proofs:
    """The secrets of webhooks that a process knows. ``read`` decrypts credentials, ``identity`` is
    the installation's identity key."""

    def __init__(
        self, read: Callable[[bytes | memoryview | None], Mapping[str, str]], identity: bytes
    ) -> None:
        self._read = read
        self._identity = identity
        self._known: dict[tuple[str, UUID], Proof] = {}

    def known(self, gateway: str, device_id: UUID) -> Proof | None:
        """The proof as it was when it was read last. Who takes something by it must ask the
        database whether the device's credentials are the same still."""
        return self._known.get((gateway, device_id))

    def read(
        self, connection: Connection, gateway: str, device_id: UUID, name: str
    ) -> Proof | None:
        """The proof by the credential ``name``; None where the gateway has no such device. Raises
        SettingsError if the device's credentials cannot be read."""
        found = rows(connection, _STORED, device_id=str(device_id), gateway=gateway)
        if not found:
            return None
        ciphertext = found[0].ciphertext
        secret = self._read(ciphertext).get(name, "")
        if not secret:
            return Proof("", None, None)
        return Proof(secret, id_of(self._identity, name, secret), bytes(ciphertext))

    def remember(self, gateway: str, device_id: UUID, proof: Proof) -> None:
        """Know the proof, by which a request was proved."""
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[gateway, device_id] = proof


def id_of(identity: bytes, name: str, secret: str) -> UUID:
    """The id of the secret that is the credential ``name``, under the identity key ``identity``."""
    return keyed(identity, f"webhook {name} {secret}")


def note(
    connection: Connection, device_id: UUID, credentials: Mapping[str, str], now: datetime
) -> None:
    """Note which secrets the device has from ``now`` on. The secret key has to be held, unless
    there are none."""
    values = {name: credentials[name] for name in NAMES if credentials.get(name)}
    identity = identity_key.of(connection) if values else b""
    secret_ids = [id_of(identity, name, value) for name, value in values.items()]
    connection.exec_driver_sql(
        """
        WITH forgotten AS (DELETE FROM webhook_secrets WHERE until < %(before)s)
        , replaced AS (
            UPDATE webhook_secrets SET until = %(now)s
            WHERE device_id = %(id)s AND until IS NULL AND NOT secret_id = ANY(%(new)s::uuid[]))
        INSERT INTO webhook_secrets (secret_id, device_id)
        SELECT unnest(%(new)s::uuid[]), %(id)s
        ON CONFLICT (secret_id, device_id) DO UPDATE SET until = NULL
        """,
        {
            "id": str(device_id),
            "new": uuids(secret_ids),
            "now": now,
            "before": now - KEPT_FOR,
        },
    )


class Shared(NamedTuple):
    """The devices of one gateway that have a secret, or had it until some instant."""

    devices: frozenset[UUID]
    until: datetime | None


def shared(
    connection: Connection, secret_ids: Collection[UUID], since: datetime
) -> dict[tuple[UUID, str], list[Shared]]:
    """Who has these secrets, or had them at ``since`` or later; by the secret's id and gateway."""
    found: dict[tuple[UUID, str], list[Shared]] = {}
    if not secret_ids:
        return found
    # As one text for each secret: there may be thousands of devices.
    for row in rows(
        connection,
        """
        SELECT w.secret_id, d.gateway, w.until, json_agg(w.device_id)::text AS devices
        FROM webhook_secrets w JOIN devices d USING (device_id)
        WHERE w.secret_id = ANY(%(ids)s::uuid[]) AND (w.until IS NULL OR w.until > %(since)s)
        GROUP BY w.secret_id, d.gateway, w.until
        """,
        ids=uuids(secret_ids),
        since=since,
    ):
        devices = Shared(frozenset(_decode(row.devices)), row.until)
        found.setdefault((row.secret_id, row.gateway), []).append(devices)
    return found
