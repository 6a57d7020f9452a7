"""SQL expressions that statements of several rooms share."""

from __future__ import annotations

# SQL: for how many messages device ``d`` may be used on ``{day}``, a day of its time zone; null
# where there is no limit. ``{now}`` stands for the first connection of one that never was online.
DAILY_LIMIT = """
    least(d.daily_limit, CASE WHEN d.warm_up IS NOT NULL THEN
        (d.warm_up ->> 'from')::int + ((d.warm_up ->> 'to')::bigint - (d.warm_up ->> 'from')::int)
            * greatest(0, least((d.warm_up ->> 'days')::int, {day}
                - (coalesce(d.first_connected_at, {now}) AT TIME ZONE d.timezone)::date))
            / (d.warm_up ->> 'days')::int
        END)
"""

# SQL: the day of device ``d`` at ``now``, and its limit of that day.
TODAY = "(%(now)s::timestamptz AT TIME ZONE d.timezone)::date"
LIMIT_TODAY = DAILY_LIMIT.format(day=TODAY, now="%(now)s::timestamptz")

# The owner of the counts of what somebody wrote to single people: no campaign and no sequence.
NO_OWNER = "00000000-0000-0000-0000-000000000000"


def counted_owner(message: str = "m.") -> str:
    """SQL: whose counts a message is in. ``message`` is what its columns are named by."""
    return f"coalesce({message}campaign_id, {message}sequence_id, '{NO_OWNER}'::uuid)"


# SQL: the device that wrote to lead ``l`` first, by its earliest message that is not cancelled,
# without those devices in ``retired``, an array.
FIRST_CONTACT = """
    (SELECT m.device_id FROM broadcast_messages m
     WHERE m.lead_id = l.lead_id AND m.status <> 'cancelled'
       AND m.device_id <> ALL(%(retired)s::uuid[])
     ORDER BY m.planned_at, m.message_id LIMIT 1)
"""

# SQL: what lead ``l`` is found by.
LEAD_WORDS = "lead_words(l.name, l.phone, l.niche_keys, l.target_status, l.device_id, l.attributes)"


def address_key(address: str) -> str:
    """SQL: by what a person with this address, in JSON, is looked for: ``domain.addresses`` says
    the same of an ``Address``."""
    return (
        f"CASE {address} ->> 'kind' WHEN 'wa_id'"
        f" THEN canonical_phone('+' || ({address} ->> 'value')) ELSE {address} ->> 'value' END"
    )


# A campaign's status, for whoever sends: one that awaits an approval is as good as paused.
SENDING_STATUS = (
    "CASE WHEN {c}awaits_approval AND {c}status <> 'cancelled' THEN 'paused' ELSE {c}status END"
)
