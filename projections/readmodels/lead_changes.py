"""Leads: events into rows."""

from __future__ import annotations

from projections.readmodels.counters import marked_by_leads
from projections.readmodels.handler import Handlers, beside, handler, key, keys_of
from projections.schema.expressions import (
    LEAD_WORDS,
    address_key,
    answered,
    counted_owner,
    phone_key,
    quarter,
)

# A profile, field by field: to read JSON in SQL takes several times as long.
_PROFILE = (
    "profile.name text, profile.niche texts, profile.target_status text, profile.device_id uuid,"
    " profile.timezone text, profile.attributes jsonb"
)

_REGISTERED = f"""
WITH e AS ({{events}}), l AS MATERIALIZED (
    SELECT originator_id AS lead_id, originator_version AS version, nullif(phone, '') AS phone,
        name, niche, {keys_of("niche")} AS niche_keys, target_status, triggers,
        {keys_of("triggers")} AS trigger_keys, device_id, timezone, attributes,
        "timestamp" AS registered_at
    FROM e WHERE originator_version = 1
), address AS (
    INSERT INTO lead_addresses (lead_id, kind, scope, value, key, learned_at)
    SELECT lead_id, 'phone', '', {phone_key("phone")}, {phone_key("phone")}, registered_at
    FROM l WHERE phone IS NOT NULL
), found AS (
    INSERT INTO lead_search (lead_id, words, registered_at)
    SELECT lead_id, {LEAD_WORDS}, registered_at FROM l
)
INSERT INTO leads (lead_id, version, phone, name, niche, niche_keys, target_status, triggers,
    trigger_keys, device_id, timezone, attributes, registered_at)
SELECT * FROM l
"""

# Each has one row by whose words it is found.
_UPDATED = f"""
WITH e AS ({{events}}), l AS (
    UPDATE leads l
    SET version = e.originator_version,
        name = e.name,
        niche = e.niche,
        niche_keys = {keys_of("e.niche")},
        target_status = e.target_status,
        device_id = e.device_id,
        timezone = e.timezone,
        attributes = e.attributes
    FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
    RETURNING l.*
)
UPDATE lead_search s SET words = {LEAD_WORDS} FROM l WHERE s.lead_id = l.lead_id
"""

_TRIGGERED = f"""
WITH e AS ({{events}})
UPDATE leads l
SET version = e.originator_version, triggers = l.triggers || e.trigger,
    trigger_keys = l.trigger_keys || {key("e.trigger")}
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

# A row that was made before keys were composed has the other key.
_TRIGGER_LOST = f"""
WITH e AS ({{events}})
UPDATE leads l
SET version = e.originator_version, triggers = array_remove(l.triggers, e.trigger),
    trigger_keys = array_remove(
        array_remove(l.trigger_keys, {key("e.trigger")}), fold_case(e.trigger))
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

# A message counts once, however often the person opts out after it. Whoever opts out by no message
# is counted once, and not beside the person that she was merged into.
_OPTED_OUT = f"""
WITH e AS ({{events}}), old AS (
    SELECT l.lead_id, l.opted_out_at, l.merged_into
    FROM leads l JOIN e ON l.lead_id = e.originator_id
), changed AS (
    UPDATE leads l
    SET version = e.originator_version, opted_out_at = coalesce(l.opted_out_at, e.timestamp),
        opt_out_said_at = greatest(l.opt_out_said_at, coalesce(e.said_at, e.timestamp)),
        -- What the platform may take back never stands in the place of another wish.
        opt_out_evidence = CASE WHEN l.opted_out_at IS NULL OR e.via IS DISTINCT FROM 'platform'
            THEN e.evidence ELSE l.opt_out_evidence END,
        opt_out_via = CASE WHEN l.opted_out_at IS NULL OR e.via IS DISTINCT FROM 'platform'
            THEN coalesce(e.via, 'operator') ELSE l.opt_out_via END
    FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
    RETURNING l.lead_id
), {answered("opted_out_at")}
SELECT NULL::uuid AS owner_id, NULL::int AS step, NULL::timestamptz AS at, count(*)::int
FROM changed
UNION ALL
(SELECT {counted_owner()}, m.step, {quarter('e."timestamp"')}, count(*)::int
FROM e JOIN old ON old.lead_id = e.originator_id
LEFT JOIN broadcast_messages m ON m.message_id = e.message_id
WHERE CASE WHEN m.message_id IS NOT NULL
    THEN NOT EXISTS (SELECT FROM counted k WHERE k.message_id = e.message_id)
    ELSE old.opted_out_at IS NULL AND old.merged_into IS NULL END
GROUP BY 1, 2, 3)
"""

_OPTED_IN = """
WITH e AS ({events})
UPDATE leads l
SET version = e.originator_version, opted_out_at = NULL, opt_out_evidence = NULL,
    opt_out_via = NULL, opt_out_said_at = NULL,
    opted_in_at = coalesce(e.said_at, e.timestamp)
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

_ADDRESS_LEARNED = """
WITH e AS ({events}), found AS (
    SELECT originator_id, originator_version, "timestamp", address ->> 'kind' AS kind,
        coalesce(address ->> 'scope', '') AS scope, address ->> 'value' AS value,
        {key} AS key
    FROM e
), kept AS (
    INSERT INTO lead_addresses (lead_id, kind, scope, value, key, learned_at)
    SELECT originator_id, kind, scope, value, key, "timestamp" FROM found WHERE value <> ''
    ON CONFLICT DO NOTHING
)
UPDATE leads l
SET version = f.originator_version,
    wa_id = CASE WHEN f.kind = 'wa_id' AND f.key = canonical_phone(l.phone) THEN f.value
        ELSE l.wa_id END
FROM found f WHERE l.lead_id = f.originator_id AND l.version = f.originator_version - 1
""".replace("{key}", address_key("address"))

# A lead has one row with its phone.
_PHONE_CHANGED = """
WITH e AS ({events}), address AS (
    UPDATE lead_addresses a
    SET value = canonical_phone(e.phone), key = canonical_phone(e.phone), learned_at = e.timestamp
    FROM e WHERE a.lead_id = e.originator_id AND a.kind = 'phone' AND e.phone <> ''
), spelling AS (
    DELETE FROM lead_addresses a USING e, leads l
    WHERE a.lead_id = e.originator_id AND l.lead_id = a.lead_id AND a.kind = 'wa_id'
      AND a.key = canonical_phone(l.phone)
)
UPDATE leads l
SET version = e.originator_version, phone = nullif(e.phone, ''), wa_id = NULL,
    moved_at = e.timestamp, phone_changed_at = coalesce(e.changed_at, e.timestamp),
    unreachable_at = NULL, unreachable_code = NULL
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

_UNREACHABLE = """
WITH e AS ({events})
UPDATE leads l
SET version = e.originator_version, unreachable_at = e.timestamp, unreachable_code = e.code
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

_REACHABLE = """
WITH e AS ({events})
UPDATE leads l
SET version = e.originator_version, unreachable_at = NULL, unreachable_code = NULL
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

_NOTED = """
WITH e AS ({events})
UPDATE leads l SET version = e.originator_version
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

# Of a person who was erased no text is kept.
_MESSAGE_COMPOSED = """
WITH e AS ({events}), kept AS (
    INSERT INTO composed_messages (message_id, lead_id, version, body, media_url, rules)
    SELECT message_id, originator_id, originator_version, body, media_url, coalesce(rules, 0)
    FROM e WHERE body <> '' OR media_url IS NOT NULL
)
UPDATE leads l SET version = e.originator_version
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

_MERGED = """
WITH e AS ({events})
UPDATE leads l
SET version = e.originator_version, merged_into = e."into", triggers = '{}', trigger_keys = '{}'
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

_ERASED = """
WITH e AS ({events}), forgotten AS (
    DELETE FROM replies r USING e WHERE r.lead_id = e.originator_id
), nameless AS (
    DELETE FROM lead_addresses a USING e WHERE a.lead_id = e.originator_id
), unwritten AS (
    DELETE FROM composed_messages w USING e WHERE w.lead_id = e.originator_id
), wordless AS (
    UPDATE lead_consents k
    SET source = '', words = '', withdrawal = CASE WHEN withdrawal IS NOT NULL THEN '' END
    FROM e WHERE k.lead_id = e.originator_id
), numbers AS (
    INSERT INTO erased_ids (id, lead_id)
    SELECT json_array_elements_text(e.also)::uuid, e.originator_id FROM e
    ON CONFLICT DO NOTHING
)
UPDATE leads l
SET version = e.originator_version, phone = NULL, wa_id = NULL, name = '', attributes = '{}',
    triggers = '{}', trigger_keys = '{}', opt_out_evidence = NULL,
    opted_out_at = coalesce(l.opted_out_at, e.timestamp), erased_at = e.timestamp
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

# Of the row as these events leave it.
_FOUND = f"""
WITH e AS ({{events}})
UPDATE lead_search s SET words = {LEAD_WORDS}
FROM e JOIN leads l ON l.lead_id = e.originator_id WHERE s.lead_id = e.originator_id
"""

HANDLERS: Handlers = {
    ("lead.registered",): (handler(_REGISTERED, f"phone text, triggers texts, {_PROFILE}"),),
    ("lead.updated",): (handler(_UPDATED, _PROFILE),),
    ("lead.triggered",): (handler(_TRIGGERED, "trigger text"),),
    ("lead.trigger_consumed",): (handler(_TRIGGER_LOST, "trigger text"),),
    ("lead.trigger_removed",): (handler(_TRIGGER_LOST, "trigger text"),),
    ("lead.opted_out",): (
        handler(
            _OPTED_OUT,
            "evidence text, via text, said_at timestamptz, message_id uuid",
            counted=marked_by_leads("opted_out"),
        ),
    ),
    ("lead.opted_in",): (handler(_OPTED_IN, "said_at timestamptz"),),
    ("lead.address_learned",): (handler(_ADDRESS_LEARNED, "address json"),),
    ("lead.phone_changed",): (
        handler(_PHONE_CHANGED, "phone text, changed_at timestamptz"),
        beside(_FOUND),
    ),
    ("lead.unreachable",): (handler(_UNREACHABLE, "code text"),),
    ("lead.reachable",): (handler(_REACHABLE),),
    ("lead.contacted_by_hand",): (handler(_NOTED),),
    ("lead.absorbed",): (handler(_NOTED),),
    ("lead.message_composed",): (
        handler(_MESSAGE_COMPOSED, "message_id uuid, body text, media_url text, rules int"),
    ),
    ("lead.merged",): (handler(_MERGED, "into uuid"),),
    ("lead.erased",): (handler(_ERASED, "also json"), beside(_FOUND)),
}
