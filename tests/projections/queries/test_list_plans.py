"""A page of a list reads a page of rows, by whatever the list is filtered, and not a table.

What is counted is the rows of large tables that the statement looked at: a sequential scan looks at
all of them, and so does a walk along the primary key for a value that no row has.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from api.schemas.campaigns import CampaignQuery
from api.schemas.devices import DeviceQuery
from api.schemas.enrollments import EnrollmentQuery
from api.schemas.fields import PageQuery
from api.schemas.leads import LeadQuery
from api.schemas.messages import MessageQuery
from api.schemas.recipients import RecipientQuery
from api.schemas.replies import ReplyQuery
from api.schemas.sequences import SequenceQuery
from domain.message import STATUSES
from projections.container import Container
from projections.queries import pages
from projections.queries.signals import signals
from projections.schema.expressions import LEAD_WORDS
from tests.support import given
from tests.support.api.given import NOBODY
from tests.support.plans import Explained, nodes

QUERIES = {
    "message": MessageQuery,
    "recipient": RecipientQuery,
    "lead": LeadQuery,
    "enrollment": EnrollmentQuery,
    "reply": ReplyQuery,
    "sequence": SequenceQuery,
    "campaign": CampaignQuery,
    "device": DeviceQuery,
    "suppression": PageQuery,
}
# In each of the large tables.
ROWS = 10_000
LIMIT = 100
# So many rows of all large tables together a page may look at: those of the page, the one after it,
# and for each what belongs to it.
MOST = 10 * LIMIT

# What each filter asks for that many rows have, or a few, and what one row has, or none. A phone is
# looked up as an id. An id of somebody is written as what it is the digest of.
# Before and after all rows, and before the last few.
EARLY, LATE = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
RECENT = EARLY + timedelta(minutes=9_950)
MANY: list[tuple[str, dict[str, Any]]] = [
    *((resource, {}) for resource in QUERIES),
    ("message", {"status": "sent"}),
    ("message", {"device_id": "device 1"}),
    ("message", {"campaign_id": "campaign 1"}),
    ("message", {"sequence_id": "sequence 1"}),
    ("message", {"lead_id": "lead 7"}),
    ("message", {"reason": "no_device"}),
    ("message", {"since": EARLY}),
    ("message", {"until": LATE}),
    ("message", {"q": "lead"}),
    ("recipient", {"campaign_id": "campaign 1"}),
    ("recipient", {"campaign_id": "campaign 1", "status": "sent"}),
    ("lead", {"lead_id": "lead 7"}),
    ("lead", {"q": "lead"}),
    ("lead", {"q": "012 000 0007"}),
    ("lead", {"niche": "B1"}),
    ("lead", {"trigger": "COLD"}),
    ("lead", {"target_status": "prospect"}),
    ("lead", {"device_id": "device 1"}),
    ("lead", {"attributes": {"city": "Ipoh"}}),
    ("lead", {"created_after": EARLY}),
    ("lead", {"created_before": LATE}),
    ("lead", {"q": "lead", "niche": "B1", "target_status": "prospect"}),
    ("lead", {"opted_out": False}),
    ("lead", {"unreachable": False}),
    ("enrollment", {"lead_id": "lead 7"}),
    ("enrollment", {"sequence_id": "sequence 1"}),
    ("enrollment", {"status": "active"}),
    ("enrollment", {"reason": "replied"}),
    ("enrollment", {"sequence_id": "sequence 1", "status": "active"}),
    ("reply", {"lead_id": "lead 7"}),
    ("reply", {"device_id": "device 1"}),
    ("reply", {"attributed": True}),
    ("reply", {"automatic": False}),
]
# The messages of ``FILL`` are sent, but for one of each of these, and a second that is pending.
RARELY = [status for status in STATUSES if status != "sent"]
# From the other end.
NEWEST: list[tuple[str, dict[str, Any]]] = [
    ("message", {}),
    ("reply", {}),
    ("message", {"status": "sent"}),
    ("message", {"device_id": "device 1"}),
    ("message", {"campaign_id": "campaign 1"}),
    ("message", {"sequence_id": "sequence 1"}),
    ("message", {"status": "failed"}),
    ("message", {"status": "pending"}),
    ("message", {"campaign_id": NOBODY}),
    ("message", {"since": RECENT}),
]
RARE: list[tuple[str, dict[str, Any]]] = [
    *(("message", {"status": status}) for status in RARELY),
    ("message", {"device_id": NOBODY}),
    ("message", {"campaign_id": NOBODY}),
    ("message", {"sequence_id": NOBODY}),
    ("message", {"lead_id": NOBODY}),
    *(("message", {"campaign_id": "campaign 1", "status": status}) for status in RARELY),
    ("message", {"reason": "invalid_number"}),
    ("message", {"since": LATE}),
    ("message", {"since": RECENT}),
    ("message", {"until": EARLY}),
    ("message", {"q": "nobody"}),
    ("recipient", {"campaign_id": NOBODY}),
    ("recipient", {"campaign_id": "campaign 1", "status": "failed"}),
    ("lead", {"lead_id": NOBODY}),
    ("lead", {"q": "nobody"}),
    ("lead", {"niche": "B2"}),
    ("lead", {"trigger": "WARM"}),
    ("lead", {"target_status": "customer"}),
    ("lead", {"device_id": NOBODY}),
    ("lead", {"attributes": {"city": "Melaka"}}),
    ("lead", {"created_after": LATE}),
    ("lead", {"created_before": EARLY}),
    ("lead", {"q": "lead", "niche": "B2", "target_status": "prospect"}),
    ("lead", {"opted_out": True}),
    ("lead", {"unreachable": True}),
    ("enrollment", {"lead_id": NOBODY}),
    ("enrollment", {"sequence_id": NOBODY}),
    ("enrollment", {"status": "stopped"}),
    ("enrollment", {"reason": "opted_out"}),
    ("enrollment", {"sequence_id": "sequence 1", "status": "stopped"}),
    ("reply", {"lead_id": NOBODY}),
    ("reply", {"device_id": NOBODY}),
    ("reply", {"attributed": False}),
    ("reply", {"automatic": True}),
]
# Those that read more where many rows are wanted.
TOO_MUCH = {
    # Between which ids a time is, is found by reading all that is of that time.
    f"message since={EARLY}",
    f"message until={LATE}",
    # First it is asked whether few have the name.
    "message q=lead",
}
# PostgreSQL 18 finds these in an index that begins with another column. Older ones do not.
UP_TO_THE_SERVER = {
    "enrollment status=stopped",
    "enrollment reason=replied",
    "enrollment reason=opted_out",
}
LARGE = {"broadcast_messages", "leads", "lead_addresses", "lead_search", "enrollments", "replies"}
FILL = (
    "INSERT INTO devices (device_id, version, status, name, gateway, settings,"
    " min_delay_seconds, max_delay_seconds, timezone)"
    " SELECT md5('device ' || n)::uuid, 2, 'online', 'device ' || n, 'sandbox', '{}', 1, 2, 'UTC'"
    " FROM generate_series(1, 50) n",
    "INSERT INTO leads (lead_id, version, phone, name, niche, niche_keys, triggers,"
    " trigger_keys, target_status, attributes, registered_at)"
    " SELECT md5('lead ' || n)::uuid, 1, '+6012' || lpad(n::text, 7, '0'), 'Lead Lead' || n,"
    " ARRAY['B1'], ARRAY['b1'], ARRAY['COLD'], ARRAY['cold'], 'prospect', '{\"city\": \"Ipoh\"}',"
    " timestamptz '2026-03-01T00:00Z' + n * interval '1 minute'"
    f" FROM generate_series(1, {ROWS}) n",
    "UPDATE leads SET device_id = md5('device 1')::uuid",
    f"INSERT INTO lead_search SELECT lead_id, {LEAD_WORDS}, registered_at FROM leads l",
    "INSERT INTO lead_addresses (lead_id, kind, scope, value, key, learned_at)"
    " SELECT lead_id, 'phone', '', phone, 'phone:' || phone, now() FROM leads",
    "INSERT INTO enrollments (enrollment_id, version, status, lead_id, sequence_id, entry, steps,"
    " sequence_version, trigger, enrolled_at)"
    " SELECT md5('enrollment ' || n)::uuid, 1, 'active', md5('lead ' || n)::uuid,"
    " md5('sequence 1')::uuid, 1, 5, 1, 'COLD', now()"
    f" FROM generate_series(1, {ROWS}) n",
    "INSERT INTO broadcast_messages (message_id, version, status, lead_id, device_id, campaign_id,"
    " sequence_id, enrollment_id, step, scheduled_at, planned_at, attempt, sent_at)"
    " SELECT md5('message ' || n)::uuid, 4, 'sent', md5('lead ' || (1 + n / 2))::uuid,"
    " md5('device ' || (1 + n %% 50))::uuid,"
    " CASE n %% 2 WHEN 0 THEN md5('campaign 1')::uuid END,"
    " CASE n %% 2 WHEN 1 THEN md5('sequence 1')::uuid END,"
    " CASE n %% 2 WHEN 1 THEN md5('enrollment ' || (1 + n / 2))::uuid END,"
    " n %% 2, at, at, 1, at"
    f" FROM generate_series(1, {ROWS}) n,"
    " LATERAL (SELECT timestamptz '2026-03-01T00:00Z' + n * interval '1 minute' AS at) a",
    # One message of each other status, and one more that is pending, but held.
    "INSERT INTO broadcast_messages (message_id, version, status, lead_id, device_id, campaign_id,"
    " step, scheduled_at, planned_at, attempt, due_at, worker, lease_until)"
    " SELECT md5('rare ' || n)::uuid, 4, status, md5('lead ' || 9000 + n)::uuid,"
    " md5('device 1')::uuid, md5(CASE n WHEN 7 THEN 'campaign 2' ELSE 'campaign 1' END)::uuid,"
    " 0, now(), now(), 1,"
    " CASE WHEN status = 'pending' AND n < 7 THEN now() END, 'worker', date_trunc('day', now())"
    f" FROM unnest(ARRAY{[*RARELY, 'pending']}) WITH ORDINALITY AS rare(status, n)",
    "INSERT INTO leases (worker, lease_until, message_ids)"
    " SELECT 'worker', date_trunc('day', now()), array_agg(message_id) FROM broadcast_messages"
    " WHERE worker IS NOT NULL",
    "UPDATE campaigns SET campaign_id = md5('campaign 2')::uuid, status = 'triggered',"
    " awaits_approval = true",
    "INSERT INTO message_counts (owner_id, step, pending, sent, processing, queued) VALUES"
    f" (md5('campaign 1')::uuid, 0, 1, {ROWS // 2}, 1, 1),"
    " (md5('campaign 2')::uuid, 0, 1, 0, 0, 0),"
    f" (md5('sequence 1')::uuid, 1, 0, {ROWS // 2}, 0, 0)",
    "UPDATE broadcast_messages SET reason = 'no_device'"
    " WHERE message_id IN (SELECT md5('message ' || n)::uuid"
    f" FROM generate_series(1, {ROWS}, 50) n)",
    "INSERT INTO replies (lead_id, reply_sha256, reply_id, text, kind, automatic, device_id,"
    " gateway, received_at)"
    " SELECT md5('lead ' || n)::uuid, sha256(convert_to(n::text, 'UTF8')),"
    " md5('reply ' || n)::uuid, 'Yes', 'text', false, md5('device ' || (1 + n %% 50))::uuid,"
    f" 'sandbox', now() FROM generate_series(1, {ROWS}) n",
    # What autovacuum does by and by.
    "SELECT gin_clean_pending_list('lead_search_by_word')",
    "SELECT gin_clean_pending_list('leads_by_trigger')",
    "SELECT brin_summarize_new_values('broadcast_messages_by_time')",
    "ANALYZE",
)


def looked_at(plan: Any) -> int:
    """Rows of large tables that the plan's scans looked at."""
    return sum(
        round(
            node["Actual Loops"]
            * (
                node["Actual Rows"]
                + node.get("Rows Removed by Filter", 0)
                + node.get("Rows Removed by Index Recheck", 0)
            )
        )
        for node in nodes(plan)
        if node.get("Relation Name") in LARGE
    )


def as_key(resource: str, filters: dict[str, Any]) -> str:
    return " ".join([resource, *(f"{name}={value}" for name, value in filters.items())])


def value(connection: Connection, wanted: Any) -> Any:
    """The id of what is written as a name; everything else as it is."""
    if isinstance(wanted, str) and re.fullmatch(r"[a-z]+ \d+", wanted):
        statement = "SELECT md5(%(name)s)::uuid"
        return connection.exec_driver_sql(statement, {"name": wanted}).scalar_one()
    return wanted


def test_no_list_reads_more_than_a_page(container: Container) -> None:
    found, listed = {}, {}
    given.campaign(container)
    with container.database.transaction() as connection:
        for statement in FILL:
            connection.exec_driver_sql(statement)
        for resource, filters in (*MANY, *RARE):
            explained = Explained(connection)
            wanted = {name: value(connection, each) for name, each in filters.items()}
            page, _ = pages.page(connection, resource, limit=LIMIT, filters=wanted)
            listed[as_key(resource, filters)] = len(page)
            found[as_key(resource, filters)] = sum(looked_at(plan) for _, plan in explained.plans)
        for resource, filters in NEWEST:
            explained = Explained(connection)
            wanted = {name: value(connection, each) for name, each in filters.items()}
            pages.page(connection, resource, limit=LIMIT, filters=wanted, newest_first=True)
            key = as_key(f"newest {resource}", filters)
            found[key] = sum(looked_at(plan) for _, plan in explained.plans)
        for since, until in ((EARLY, LATE), (LATE, LATE + timedelta(days=30))):
            explained = Explained(connection)
            answer = signals(connection, since, until, most=LIMIT)
            listed[f"signals since={since}"] = sum(each.sent for each in answer.devices)
            found[f"signals since={since}"] = sum(looked_at(plan) for _, plan in explained.plans)

    too_much = {key for key, count in found.items() if count > MOST}
    assert too_much - UP_TO_THE_SERVER == TOO_MUCH, found
    assert listed["message status=pending"] == 2
    assert {listed[f"message status={status}"] for status in RARELY[1:]} == {1}
    assert (listed[f"signals since={EARLY}"], listed[f"signals since={LATE}"]) == (LIMIT, 0)
    # What looks at nothing is not counted at all.
    assert found["message"] > LIMIT < found["lead"]


@pytest.mark.parametrize("cases", [MANY, RARE], ids=["many", "rare"])
def test_every_filter_is_asked_for(cases: list[tuple[str, dict[str, Any]]]) -> None:
    """One that is new belongs into both lists."""
    asked = {(resource, name) for resource, filters in cases for name in filters}
    # The campaign is in the path; who is excluded is another list.
    names = {"phone": "lead_id", "excluded": "campaign_id"}
    # Those of a few thousand are looked through.
    small = ("sequence", "campaign", "device")
    asked -= {("lead", "attributes")}
    assert asked == {
        (resource, names.get(name, name))
        for resource, query in QUERIES.items()
        for name in query().fields
        if resource not in small
        and name not in ("limit", "cursor", "most", "order")
        # A segment may ask anything; the list of its own looks for the rare by reading the table.
        and name != "segment_id"
    }
