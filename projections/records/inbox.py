"""The inbox: what providers told us, until the receiver has recorded it, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast, get_args
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain import foreign_json
from domain.foreign_json import ForeignJsonError
from domain.inbound import Ignored, Inbound
from projections.database.engine import rows, uuids
from projections.database.prepared import execute_alone, prepared
from projections.database.quarantined import not_aside
from projections.records import redaction, webhook_secrets
from projections.records.webhook_secrets import Proof, Shared

# Only one process at a time records what came: so all of it stays in order.
RECEIVE_LOCK = 0x5E4D7247

# Of webhooks that are taken at once; one has 1 MiB at most.
MOST_BYTES = 4 << 20

_encode = msgspec.json.Encoder().encode
_decode_items = msgspec.json.Decoder(list[Inbound]).decode


class Taken(NamedTuple):
    """One thing that came; ``payload`` is JSON. ``device_id`` is that of the webhook's URL, None if
    it came in another way. ``devices`` are all those that it is proved to speak for, that of the
    URL too; ``secret_id`` is the secret that proves it. ``item`` is the text of ``item_id``."""

    inbound_id: int
    item: str
    gateway: str
    device_id: UUID | None
    devices: frozenset[UUID]
    received_at: datetime
    parsed: bool
    payload: bytes
    secret_id: UUID | None = None

    @property
    def item_id(self) -> UUID:
        """What names it in quarantine; seldom asked for."""
        return UUID(self.item)


# The webhook of a device whose credentials are still those that proved it.
_PUT = prepared("""
INSERT INTO inbound (item_id, gateway, device_id, secret_id, devices, received_at, due_at, parsed,
    payload)
SELECT %(item_id)s::uuid, %(gateway)s::text, device_id, %(secret_id)s::uuid, '{}',
    %(now)s::timestamptz, %(now)s, false, %(payload)s::bytea
FROM device_secrets WHERE device_id = %(device_id)s::uuid AND ciphertext = %(ciphertext)s::bytea
""")


def put(
    connection: Connection,
    item_id: UUID,
    gateway: str,
    device_id: UUID,
    proof: Proof,
    payload: bytes,
    now: datetime,
) -> bool:
    """Keep a webhook's JSON object, which ``proof`` proves. False if the device has other
    credentials by now: then nothing is kept."""
    kept = execute_alone(
        connection,
        _PUT,
        item_id=str(item_id),
        gateway=gateway,
        device_id=str(device_id),
        secret_id=str(proof.secret_id),
        ciphertext=proof.ciphertext,
        payload=payload,
        now=now,
    )
    return kept == 1


def put_items(
    connection: Connection,
    item_id: UUID,
    gateway: str,
    items: Sequence[Inbound],
    now: datetime,
) -> None:
    """Keep what a gateway told us otherwise than by webhook."""
    connection.exec_driver_sql(
        "INSERT INTO inbound (item_id, gateway, devices, received_at, due_at, parsed, payload)"
        " VALUES (%(item_id)s, %(gateway)s, '{}', %(now)s, %(now)s, true, %(payload)s)",
        {"item_id": str(item_id), "gateway": gateway, "now": now, "payload": _encode(items)},
    )


def take(connection: Connection, now: datetime, limit: int) -> list[Taken] | None:
    """Up to ``limit`` of what is due, and up to ``MOST_BYTES`` of it, oldest first, but one at
    least; None while another process records."""
    if not rows(connection, "SELECT pg_try_advisory_xact_lock(%(key)s) AS held", key=RECEIVE_LOCK)[
        0
    ].held:
        return None
    found = rows(
        connection,
        f"""
        WITH due AS (
            SELECT i.inbound_id, octet_length(i.payload) AS size FROM inbound i
            WHERE i.due_at <= %(now)s AND {not_aside("inbound", "i.item_id")}
            ORDER BY i.inbound_id LIMIT %(limit)s)
        , summed AS (
            SELECT inbound_id, sum(size) OVER (ORDER BY inbound_id) - size AS before FROM due)
        SELECT i.inbound_id, i.item_id::text AS item, i.gateway, i.device_id::text AS device,
            nullif(i.devices, '{{}}') AS devices, i.received_at, i.parsed, i.payload,
            i.secret_id::text AS secret
        FROM summed s JOIN inbound i USING (inbound_id) WHERE s.before < %(most)s
        ORDER BY i.inbound_id
        """,
        now=now,
        limit=limit,
        most=MOST_BYTES,
    )
    # Nearly all have the same few ids, which are read once.
    texts = {row.device for row in found} | {row.secret for row in found}
    ids = {text: UUID(text) for text in texts if text is not None}
    speakers = _Speakers(connection, found, ids)
    return [
        Taken(
            row.inbound_id,
            row.item,
            row.gateway,
            ids.get(row.device),
            speakers.of(row),
            row.received_at,
            row.parsed,
            bytes(row.payload),
            ids.get(row.secret),
        )
        for row in found
    ]


class _Speakers:
    """For whom each row of the inbox speaks. Rows of one URL share a set: there may be thousands of
    rows, and thousands of devices. ``ids`` has the ids of the rows' texts."""

    def __init__(
        self, connection: Connection, found: Sequence[Any], ids: Mapping[str, UUID]
    ) -> None:
        secret_ids = {ids[text] for text in {row.secret for row in found} if text}
        since = min((row.received_at for row in found), default=None)
        self._ids = ids
        self._shared = webhook_secrets.shared(connection, secret_ids, since) if since else {}
        self._sets: dict[Any, frozenset[UUID]] = {}

    def of(self, row: Any) -> frozenset[UUID]:
        """The devices that the row is proved to speak for."""
        key = row.gateway, row.secret, row.device
        found = None if row.devices else self._sets.get(key)
        if found is not None:
            return found
        secret_id = self._ids.get(row.secret)
        shared = () if secret_id is None else self._shared.get((secret_id, row.gateway), ())
        made = self._make(row, shared)
        # Whoever has another secret by now may have had this one when the row came, or not.
        if not row.devices and all(each.until is None for each in shared):
            self._sets[key] = made
        return made

    def _make(self, row: Any, shared: Sequence[Shared]) -> frozenset[UUID]:
        own = () if row.device is None else (self._ids[row.device],)
        having = (
            each.devices for each in shared if each.until is None or each.until > row.received_at
        )
        return frozenset(own).union(row.devices or (), *having)


def items(taken: Taken) -> list[Inbound]:
    """The values in what was ``parsed`` already."""
    return _decode_items(taken.payload)


def webhook(taken: Taken) -> dict[str, Any]:
    """The JSON object of a webhook. Raises ForeignJsonError."""
    return cast(dict[str, Any], foreign_json.decode_leniently(taken.payload))


def done(connection: Connection, inbound_ids: Iterable[int]) -> None:
    """Let go of what is recorded."""
    connection.exec_driver_sql(
        "DELETE FROM inbound WHERE inbound_id = ANY(%(ids)s)", {"ids": list(inbound_ids)}
    )


def postpone(
    connection: Connection, taken: Taken, left: Sequence[Inbound], until: datetime
) -> None:
    """Keep ``left`` of what came until the instant ``until``."""
    connection.exec_driver_sql(
        "UPDATE inbound SET due_at = %(until)s, parsed = true, payload = %(payload)s"
        " WHERE inbound_id = %(id)s",
        {"until": until, "payload": _encode(left), "id": taken.inbound_id},
    )


def forget(connection: Connection, keys: Collection[str]) -> None:
    """Take what is about the person whose addresses have these keys out of what waits, also of what
    was put aside; nothing is left of what tells of nobody else."""
    found = rows(
        connection,
        "SELECT inbound_id, item_id, payload FROM inbound WHERE EXISTS ("
        " SELECT FROM unnest(%(needles)s::text[]) n"
        " WHERE position(convert_to(n, 'UTF8') IN payload) > 0) ORDER BY inbound_id FOR UPDATE",
        needles=redaction.needles(keys),
    )
    emptied = []
    for row in found:
        try:
            payload = foreign_json.decode_leniently(bytes(row.payload))
        except ForeignJsonError:
            # Somebody tampered with it, or an earlier version let it in though it is nested without
            # end: nobody can say which part is whose.
            emptied.append(row)
            continue
        left = redaction.without(payload, keys)
        if isinstance(left, redaction.Nothing):
            emptied.append(row)
        elif left != payload:
            connection.exec_driver_sql(
                "UPDATE inbound SET payload = %(payload)s WHERE inbound_id = %(id)s",
                {"payload": json.dumps(left).encode(), "id": row.inbound_id},
            )
    done(connection, (row.inbound_id for row in emptied))
    connection.exec_driver_sql(
        "DELETE FROM quarantine WHERE kind = 'inbound' AND id = ANY(%(ids)s::uuid[])",
        {"ids": uuids(row.item_id for row in emptied)},
    )


def count(connection: Connection, outcomes: Mapping[tuple[str, str], int]) -> None:
    """Add to what became of all that came, by gateway and outcome."""
    connection.exec_driver_sql(
        "INSERT INTO inbound_counts AS c (gateway, outcome, count)"
        " SELECT * FROM unnest(%(gateways)s::text[], %(outcomes)s::text[], %(counts)s::bigint[])"
        " ON CONFLICT (gateway, outcome) DO UPDATE SET count = c.count + excluded.count",
        {
            "gateways": [gateway for gateway, _ in outcomes],
            "outcomes": [outcome for _, outcome in outcomes],
            "counts": list(outcomes.values()),
        },
    )


# All that may become of what came.
OUTCOMES = (
    "receipt",
    "receipt_of_no_message",
    "attributed",
    "unattributed",
    "repeated",
    *(f"ignored_{why}" for why in get_args(Ignored)),
)


def counts(connection: Connection) -> list[Any]:
    """What became of all that came: rows of gateway, outcome and count."""
    return rows(
        connection, "SELECT gateway, outcome, count FROM inbound_counts ORDER BY gateway, outcome"
    )


class Waiting(NamedTuple):
    """How much waits to be recorded, and since when the receiver should have looked at it."""

    items: int
    since: datetime | None

    def seconds(self, now: datetime) -> float:
        """How long before ``now`` that is; 0 where nothing is due."""
        return 0.0 if self.since is None else max(0.0, (now - self.since).total_seconds())


def waiting(connection: Connection) -> Waiting:
    """What is in the inbox, without what was put aside. What cannot be told yet is due again in a
    moment, however long ago it came."""
    row = rows(
        connection,
        "SELECT count(*) AS items, min(due_at) AS since FROM inbound i"
        f" WHERE {not_aside('inbound', 'i.item_id')}",
    )[0]
    return Waiting(row.items, row.since)
