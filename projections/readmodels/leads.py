"""Leads: what runners and people ask of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.audience import Exclusion, Senders
from domain.device_choice import Ties
from domain.enrolling import REFUSALS
from domain.lead import Lead, Profile
from projections.database.engine import rows, uuids
from projections.database.prepared import prepared
from projections.database.quarantined import not_aside
from projections.readmodels import consents, segments
from projections.readmodels.addresses import LOCK_SHARED
from projections.readmodels.handler import key
from projections.readmodels.segment_conditions import Compiled
from projections.schema.expressions import FIRST_CONTACT

# Whether a device can write to lead ``l`` for sequence ``s``: one of its pool, or else one that the
# lead is tied to (``device_choice.choose``).
_HAS_DEVICE = """
    (EXISTS (SELECT FROM devices d WHERE d.status <> 'retired'
         AND (jsonb_array_length(coalesce(s.definition -> 'device_ids', '[]')) = 0
              OR s.definition -> 'device_ids' @> to_jsonb(d.device_id)))
     OR EXISTS (SELECT FROM devices d WHERE d.status <> 'retired'
         AND (d.device_id IN (l.device_id, l.replied_through) OR EXISTS (
             SELECT FROM broadcast_messages m WHERE m.lead_id = l.lead_id
               AND m.device_id = d.device_id AND m.status <> 'cancelled'))))
"""

_AGREES = consents.AGREES.format(purpose="s.definition ->> 'requires_consent'")

# Whether an audience of niches and a target status takes lead ``l``; ``{a}`` has the criteria. Who
# asks has the condition of its segment beside this.
MATCHES = """
    l.erased_at IS NULL AND l.merged_into IS NULL
    AND (cardinality({a}.niche_keys) = 0 OR l.niche_keys && {a}.niche_keys)
    AND ({a}.target_status = 'all' OR l.target_status = {a}.target_status)
"""


# The criteria of a campaign, in its row.
SAVED = Compiled("(SELECT * FROM campaigns WHERE campaign_id = %(campaign_id)s)", {})


def criteria(niche: Sequence[str], target_status: str) -> Compiled:
    """The same where no row has them."""
    return Compiled(
        f"(SELECT ARRAY(SELECT {key('t')} FROM unnest(%(asked_niche)s::text[]) t) AS niche_keys,"
        " %(asked_status)s::text AS target_status)",
        {"asked_niche": list(niche), "asked_status": target_status},
    )


def enrollable(
    connection: Connection, limit: int, retired: Iterable[UUID] = (), *, now: datetime
) -> list[Any]:
    """Locks up to ``limit`` leads that enter a sequence now and gives one row per lead and
    sequence, in lead order; ``trigger`` is the sequence's trigger as the lead has it.

    A lead enters every active sequence whose trigger it has and whose niche, target status and
    segment it matches ``now``, as often as the sequence's re-entry policy says
    (``enrolling.keeps_out``), provided that a device can write to it. The rows say what ties the
    lead to devices, of which these are ``retired``. Leads that another enroller holds are left to
    it.
    """
    segment = segments.of_sequences(connection, now)
    enters = f"""
        s.status = 'active' AND {not_aside("sequence", "s.sequence_id")}
        AND l.trigger_keys @> ARRAY[s.trigger_key]
        AND {MATCHES.format(a="s")}
        AND (s.definition ->> 'reentry' = 'always' OR NOT EXISTS (
            SELECT FROM enrollments e
            WHERE e.lead_id = l.lead_id AND e.sequence_id = s.sequence_id
              AND (s.definition ->> 'reentry' = 'once' OR e.status = 'active'
                   OR e.reason = ANY(%(refusals)s))))
        AND {segment.sql}
        AND (s.definition ->> 'requires_consent' IS NULL OR {_AGREES})
        AND {_HAS_DEVICE}
    """
    return rows(
        connection,
        f"""
        WITH locked AS MATERIALIZED (
            SELECT l.* FROM leads l
            WHERE l.opted_out_at IS NULL AND l.unreachable_at IS NULL
              AND {not_aside("lead", "l.lead_id")}
              AND l.trigger_keys && ARRAY(
                  SELECT trigger_key FROM sequences WHERE status = 'active')
              AND EXISTS (SELECT FROM sequences s WHERE {enters})
            LIMIT %(limit)s FOR UPDATE OF l SKIP LOCKED
        )
        SELECT l.lead_id, l.version, l.triggers, l.device_id, l.replied_through,
            {FIRST_CONTACT} AS first_contact, l.timezone, l.phone,
            (SELECT t FROM unnest(l.triggers) t
             WHERE s.trigger_key IN ({key("t")}, fold_case(t)) LIMIT 1)
                AS trigger,
            s.sequence_id, s.version AS sequence_version,
            1 + coalesce((SELECT max(entry) FROM enrollments e
                 WHERE e.lead_id = l.lead_id AND e.sequence_id = s.sequence_id), 0) AS entry
        FROM locked l JOIN sequences s ON {enters}
        ORDER BY l.lead_id, s.sequence_id
        """,
        limit=limit,
        refusals=list(REFUSALS),
        **segment.parameters,
        retired=uuids(retired),
    )


def audience(
    connection: Connection,
    campaign_id: UUID,
    after: UUID | None,
    limit: int,
    retired: Iterable[UUID] = (),
    segment: Compiled | None = None,
    *,
    purpose: str | None = None,
    named: bool = False,
    local: bool = False,
    criteria: Compiled = SAVED,
) -> list[Any]:
    """The next ``limit`` leads, in id order after ``after``, that match the ``criteria``, which are
    the campaign's frozen niche and target status, and ``segment``; the campaign's row must be
    locked, if it has one. They come with what ties them to devices, of which these are ``retired``,
    and with whether they agree to the ``purpose``. If they are ``named``, with what a text may
    name, and with their latest reply; if they are ``local``, with what says where they are."""
    names = ", l.name, l.attributes, l.replied_at" if named else ""
    names += ", l.phone, l.timezone" if named or local else ""
    asked = segment or Compiled("true", {})
    agrees = consents.asked(purpose)
    return rows(
        connection,
        f"""
        SELECT l.lead_id, l.version, l.device_id, l.replied_through,
            {FIRST_CONTACT} AS first_contact, l.opted_out_at, l.unreachable_at,
            {agrees.sql} AS agrees{names}
        FROM {criteria.sql} c JOIN leads l ON {MATCHES.format(a="c")}
        WHERE {asked.sql}
          AND (%(after)s::uuid IS NULL OR l.lead_id > %(after)s::uuid)
        ORDER BY l.lead_id LIMIT %(limit)s
        """,
        campaign_id=str(campaign_id),
        after=None if after is None else str(after),
        limit=limit,
        retired=uuids(retired),
        **criteria.parameters,
        **asked.parameters,
        **agrees.parameters,
    )


def sender(senders: Senders, row: Any, names: Mapping[str, str] | None = None) -> UUID | Exclusion:
    """The device that writes to the lead of a ``row`` of ``audience``, or why none does. ``names``
    are those of ``rendering.names_of``, where ``senders`` needs them."""
    return senders.admit(
        row.lead_id,
        Ties(row.device_id, row.replied_through, row.first_contact),
        opted_out=row.opted_out_at is not None,
        unreachable=row.unreachable_at is not None,
        agrees=row.agrees,
        names=names,
    )


def ties(connection: Connection, ids: Iterable[UUID], retired: Iterable[UUID]) -> dict[UUID, Ties]:
    """What ties each of these leads to devices, of which these are ``retired``."""
    leads = rows(
        connection,
        f"SELECT l.lead_id, l.device_id, l.replied_through, {FIRST_CONTACT}"
        " FROM leads l WHERE l.lead_id = ANY(%(ids)s::uuid[])",
        ids=uuids(ids),
        retired=uuids(retired),
    )
    return {row[0]: Ties(*row[1:]) for row in leads}


def state(row: Any) -> Lead:
    """The aggregate's state, from a row of ``leads``."""
    return Lead(
        id=row.lead_id,
        version=row.version,
        phone=row.phone or "",
        triggers=tuple(row.triggers),
        profile=Profile(
            name=row.name,
            niche=tuple(row.niche),
            target_status=row.target_status,
            device_id=row.device_id,
            timezone=row.timezone,
            attributes=row.attributes,
        ),
        wa_id=row.wa_id,
        opted_out_at=row.opted_out_at,
        opt_out_evidence=row.opt_out_evidence,
        opt_out_via=row.opt_out_via,
        opt_out_said_at=row.opt_out_said_at,
        opted_in_at=row.opted_in_at,
        moved_at=row.moved_at,
        phone_changed_at=row.phone_changed_at,
        unreachable_at=row.unreachable_at,
        unreachable_code=row.unreachable_code,
        replied_at=row.replied_at,
        replied_to=row.replied_to,
        replied_through=row.replied_through,
        registered_at=row.registered_at,
        merged_into=row.merged_into,
        erased_at=row.erased_at,
    )


def states(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Lead]:
    """The leads of these ids that there are."""
    leads = rows(
        connection, "SELECT * FROM leads WHERE lead_id = ANY(%(ids)s::uuid[])", ids=uuids(ids)
    )
    return {row.lead_id: state(row) for row in leads}


def living(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Lead]:
    """By these ids the leads, or those that they were merged into, but for the erased."""
    found = states(connection, ids)
    into = states(connection, {each.merged_into for each in found.values() if each.merged_into})
    people = {id_: into.get(each.merged_into or id_, each) for id_, each in found.items()}
    return {id_: each for id_, each in people.items() if each.erased_at is None}


def locked(connection: Connection, ids: Iterable[UUID], *, aside: bool = False) -> dict[UUID, Lead]:
    """Locks those of these leads that are not in quarantine, or ``aside`` all, in id order."""
    leads = rows(
        connection,
        f"""
        SELECT l.* FROM leads l
        WHERE l.lead_id = ANY(%(ids)s::uuid[])
          AND ({aside} OR {not_aside("lead", "l.lead_id")})
        ORDER BY l.lead_id FOR UPDATE OF l
        """,
        ids=uuids(ids),
    )
    return {row.lead_id: state(row) for row in leads}


def merged_into(connection: Connection, ids: Iterable[UUID]) -> list[Lead]:
    """Locks the leads that were merged into these, in id order."""
    leads = rows(
        connection,
        f"""
        SELECT l.* FROM leads l
        WHERE l.merged_into = ANY(%(ids)s::uuid[]) AND {not_aside("lead", "l.lead_id")}
        ORDER BY l.lead_id FOR UPDATE OF l
        """,
        ids=uuids(ids),
    )
    return [state(row) for row in leads]


_TAKEN = (
    "SELECT lead_id, erased_at IS NOT NULL AS gone FROM leads"
    " WHERE lead_id = ANY(%(ids)s::uuid[])"
    " UNION ALL SELECT id, true FROM erased_ids WHERE id = ANY(%(ids)s::uuid[])"
)
_ERASED = prepared(f"SELECT lead_id FROM ({_TAKEN}) t WHERE gone")
_TAKEN_OR_ASIDE = (
    "SELECT lead_id, bool_or(gone) AS gone FROM ("
    f"{_TAKEN} UNION ALL SELECT id, true FROM quarantine"
    " WHERE kind = 'lead' AND id = ANY(%(ids)s::uuid[]) AND dispatched IS NULL"
    ") t GROUP BY 1"
)
_UNAVAILABLE = {
    False: prepared(_TAKEN_OR_ASIDE),
    True: prepared(_TAKEN_OR_ASIDE, first=LOCK_SHARED),
}


def taken(connection: Connection, ids: Iterable[UUID], *, locks: bool = False) -> dict[UUID, bool]:
    """Those of these ids that are leads', or that the number of an erased person would give. True:
    nobody can be registered under it, because that lead is erased, or put aside. ``locks``: behind
    ``addresses.lock``, which is shared, in the same message to the server."""
    wanted = uuids(ids)
    if wanted == "{}" and not locks:
        return {}
    found = rows(connection, _UNAVAILABLE[locks], ids=wanted)
    return {row.lead_id: row.gone for row in found}


def erased(connection: Connection, ids: Iterable[UUID]) -> set[UUID]:
    """Those of these ids that are erased leads', or that the number of an erased person would
    give."""
    wanted = uuids(ids)
    found = rows(connection, _ERASED, ids=wanted) if wanted != "{}" else []
    return {row.lead_id for row in found}
