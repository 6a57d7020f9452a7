"""Wrong API keys and signatures, counted for all processes together.

A client that tries too many is told to wait. What is right is never asked about here, so nobody's
wrong tries can hold up somebody else's right ones.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Connection

from projections.database.engine import rows

# So many wrong tries of a client at a subject are let pass within ``WITHIN``; more are too many.
ALLOWED = 20
WITHIN = timedelta(minutes=1)
# Clients are counted in so many buckets, whoever floods the table with addresses. Two in one bucket
# share a count; that is the price, and only wrong tries pay it.
BUCKETS = 65_536

# Who has to wait is found by reading: no lock, and nothing written. A count of another minute, or
# of one that has not come because a clock was wrong, begins anew. Of tries that come together each
# gets its own number, because the second waits for the commit of the first.
_COUNT = """
WITH held AS (
    SELECT since FROM wrong_tries
    WHERE bucket = %(bucket)s AND tries >= %(allowed)s
      AND since > %(now)s - %(within)s AND since < %(now)s + %(within)s
), counted AS (
    INSERT INTO wrong_tries AS w (bucket, since, tries)
    SELECT %(bucket)s, %(now)s, 1 WHERE NOT EXISTS (SELECT FROM held)
    ON CONFLICT (bucket) DO UPDATE SET (since, tries) = (
        SELECT CASE WHEN is_new THEN excluded.since ELSE w.since END,
            CASE WHEN is_new THEN 1 ELSE w.tries + 1 END
        FROM (SELECT w.since <= excluded.since - %(within)s
            OR w.since >= excluded.since + %(within)s AS is_new) age
    )
    RETURNING since, tries
)
SELECT since, false AS allowed FROM held
UNION ALL SELECT since, tries <= %(allowed)s FROM counted
"""


def count(connection: Connection, subject: str, client: str, now: datetime) -> timedelta | None:
    """Count a wrong try of ``client`` at ``subject``, which are any texts.

    None if the client had not too many within a minute; else how long it has to wait. Of one that
    has to wait nothing is written.
    """
    (found,) = rows(
        connection,
        _COUNT,
        bucket=_bucket(subject, client),
        now=now,
        within=WITHIN,
        allowed=ALLOWED,
    )
    return None if found.allowed else found.since + WITHIN - now


def _bucket(subject: str, client: str) -> int:
    digest = hashlib.sha256(f"{subject}\0{client}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % BUCKETS
