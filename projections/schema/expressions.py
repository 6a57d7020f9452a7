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


def answered(column: str, by: str = "") -> str:
    """SQL: CTEs that note in ``column`` of ``message_answers`` the messages that events ``e`` name
    and where ``by`` holds; ``counted`` are those of them that had it noted before."""
    when = f" AND {by}" if by else ""
    return f"""counted AS (
    SELECT a.message_id FROM message_answers a JOIN e ON a.message_id = e.message_id
    WHERE a.{column} IS NOT NULL
), noted AS (
    INSERT INTO message_answers AS a (message_id, {column})
    SELECT message_id, min("timestamp") FROM e WHERE message_id IS NOT NULL{when}
    GROUP BY 1 ORDER BY 1
    ON CONFLICT (message_id) DO UPDATE SET {column} = least(a.{column}, excluded.{column})
)"""


# SQL: the device that wrote to lead ``l`` first, by its earliest message that is not cancelled,
# without those devices in ``retired``, an array.
FIRST_CONTACT = """
    (SELECT m.device_id FROM broadcast_messages m
     WHERE m.lead_id = l.lead_id AND m.status <> 'cancelled'
       AND m.device_id <> ALL(%(retired)s::uuid[])
     ORDER BY m.planned_at, m.message_id LIMIT 1)
"""

# SQL: the name of lead ``l`` in lower case, with spaces for punctuation.
_NAME = "translate(fold_case(l.name), '!\"''#$&()*+,-./:;<=>?@[\\]^_`{|}~', rpad('', 31))"

# SQL: by what lead ``l`` is found, as lexemes: a letter that says what it is, and the value. w: a
# word of the name, and what follows each of its letters where that may be a word, too, because the
# script has no spaces. p: the digits of the phone; r: the same from the end. n: a niche. s: the
# target status. d: the device. a: an attribute with its value, as a digest, because it may be long.
# It is no function, because that would be made ready anew for every row.
# A short name in ASCII has a shorter way to the same words.
LEAD_WORDS = f"""array_to_tsvector(
    CASE WHEN octet_length(fold_case(l.name)) = length(fold_case(l.name)) AND length(l.name) <= 100
        THEN array_remove(string_to_array('w' || replace({_NAME}, ' ', ' w'), ' '), 'w')
        ELSE ARRAY(
            SELECT 'w' || substr(word, place, 100)
            FROM string_to_table({_NAME}, ' ') AS word,
                generate_series(1, CASE WHEN octet_length(word) > length(word) THEN length(word)
                    ELSE 1 END) AS place
            WHERE word <> ''
        ) END
    || CASE WHEN l.phone IS NOT NULL
        THEN ARRAY['p' || ltrim(l.phone, '+'), 'r' || reverse(ltrim(l.phone, '+'))] END
    || ARRAY(SELECT 'n' || k FROM unnest(l.niche_keys) AS k)
    || ('s' || l.target_status)
    || CASE WHEN l.device_id IS NOT NULL THEN ARRAY['d' || l.device_id] END
    || ARRAY(SELECT 'a' || md5(a.key || '=' || a.value) FROM jsonb_each_text(l.attributes) AS a)
)"""


def address_key(address: str) -> str:
    """SQL: by what a person with this address, in JSON, is looked for: ``domain.addresses`` says
    the same of an ``Address``."""
    return (
        f"CASE {address} ->> 'kind' WHEN 'wa_id'"
        f" THEN canonical_phone('+' || ({address} ->> 'value')) ELSE {address} ->> 'value' END"
    )


def phone_key(phone: str) -> str:
    """SQL: the canonical spelling of a phone in E.164. Outside Argentina, Brazil and Mexico it has
    one, and to call the function for that would take longer than all else."""
    return f"CASE WHEN starts_with({phone}, '+5') THEN canonical_phone({phone}) ELSE {phone} END"


# A campaign's status, for whoever sends: one that awaits an approval is as good as paused.
SENDING_STATUS = (
    "CASE WHEN {c}awaits_approval AND {c}status <> 'cancelled' THEN 'paused' ELSE {c}status END"
)


def quarter(instant: str) -> str:
    """SQL: the quarter of an hour of an instant, by which series are counted."""
    return f"date_bin('15 minutes', {instant}, timestamptz '2000-01-01 00:00Z')"
