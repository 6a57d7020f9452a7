"""By which addresses people are found."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection

from domain.addresses import Address
from projections.database.engine import rows, uuids
from projections.database.prepared import prepared

# Whoever gives an address to a new lead shares it; whoever else decides by whose an address is, and
# changes that or what the address said, has it alone.
ADDRESS_LOCK = 0x5E4D7245
LOCK_SHARED = f"SELECT pg_advisory_xact_lock_shared({ADDRESS_LOCK})"

# Every key and every lead is looked up by its index, because OFFSET 0 leaves no other order of the
# joins. A plain join that is planned while the tables are known to be empty reads all of an index
# for each call, until they are analyzed: an import of many took five times as long.
_OF_KEYS = prepared(
    """
    SELECT a.key, l.lead_id
    FROM unnest(%(keys)s::text[]) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT * FROM lead_addresses a WHERE a.key = wanted.key OFFSET 0
    ) a
    CROSS JOIN LATERAL (
        SELECT coalesce(l.merged_into, l.lead_id) AS lead_id
        FROM leads l WHERE l.lead_id = a.lead_id OFFSET 0
    ) l
    ORDER BY a.learned_at, a.kind <> 'phone', a.lead_id
    """
)


def lock(connection: Connection, *, alone: bool) -> None:
    """Until the transaction ends nobody else gives away addresses, if ``alone``; or else nobody
    does who has to be alone."""
    rows(connection, f"SELECT pg_advisory_xact_lock({ADDRESS_LOCK})" if alone else LOCK_SHARED)


def leads_of_keys(connection: Connection, keys: Iterable[str]) -> dict[str, list[UUID]]:
    """The leads with an address of each key, whoever has had it longest first.

    A lead that was merged is given as the one that it was merged into. A key that nobody has is
    left out.
    """
    found = rows(connection, _OF_KEYS, keys=list(keys))
    owners: dict[str, list[UUID]] = {}
    for row in found:
        ids = owners.setdefault(row.key, [])
        if row.lead_id not in ids:
            ids.append(row.lead_id)
    return owners


def of_leads(connection: Connection, lead_ids: Iterable[UUID]) -> dict[UUID, list[Address]]:
    """The addresses of each of these leads and of those that were merged into it."""
    found = rows(
        connection,
        """
        SELECT coalesce(l.merged_into, l.lead_id) AS lead_id, a.kind, a.scope, a.value
        FROM leads l JOIN lead_addresses a USING (lead_id)
        WHERE l.lead_id = ANY(%(ids)s::uuid[]) OR l.merged_into = ANY(%(ids)s::uuid[])
        ORDER BY a.learned_at, a.lead_id, a.kind, a.value
        """,
        ids=uuids(lead_ids),
    )
    addresses: dict[UUID, list[Address]] = {}
    for row in found:
        address = Address(row.kind, row.value, row.scope)
        addresses.setdefault(row.lead_id, []).append(address)
    return addresses


def sharing(connection: Connection, lead_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Of each of these leads the others that have an address of it: they may be the same person."""
    found = rows(
        connection,
        """
        SELECT DISTINCT coalesce(l.merged_into, l.lead_id) AS lead_id,
            coalesce(o.merged_into, o.lead_id) AS other_id
        FROM leads l
        JOIN lead_addresses a ON a.lead_id = l.lead_id
        JOIN lead_addresses b ON b.key = a.key
        JOIN leads o ON o.lead_id = b.lead_id
        WHERE (l.lead_id = ANY(%(ids)s::uuid[]) OR l.merged_into = ANY(%(ids)s::uuid[]))
          AND coalesce(o.merged_into, o.lead_id) <> coalesce(l.merged_into, l.lead_id)
        ORDER BY 1, 2
        """,
        ids=uuids(lead_ids),
    )
    others: dict[UUID, list[UUID]] = {}
    for row in found:
        others.setdefault(row.lead_id, []).append(row.other_id)
    return others
