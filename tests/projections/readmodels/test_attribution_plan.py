"""Whose message it is, and what belongs to the person, is found by indexes among 100,000 leads."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.addresses import Address
from domain.inbound import Reply
from projections.container import Container
from projections.eventstore import surroundings
from projections.intake import attribution
from projections.readmodels import addresses, leads, replies, suppressions
from tests.support import given
from tests.support.plans import Explained, nodes

LEADS = 100_000
# Rows that a statement about two people may look at.
MOST = 100
CROWDED = {
    "leads",
    "lead_addresses",
    "replies",
    "enrollments",
    "broadcast_messages",
    "suppressions",
}


PEOPLE = (
    "INSERT INTO leads (lead_id, version, phone, name, niche, niche_keys, target_status,"
    " triggers, trigger_keys, attributes, registered_at)"
    " SELECT md5(n::text)::uuid, 1, '+6013' || lpad(n::text, 7, '0'), '', '{}', '{}',"
    " 'prospect', '{}', '{}', '{}', now() FROM generate_series(1, %(n)s) n",
    "INSERT INTO lead_addresses SELECT md5(n::text)::uuid, 'phone', '',"
    " '+6013' || lpad(n::text, 7, '0'), '+6013' || lpad(n::text, 7, '0'), now()"
    " FROM generate_series(1, %(n)s) n",
)


def crowd(container: Container) -> list[UUID]:
    """Two leads with all that leads have, and as many rows beside them as it takes."""
    given.device(container)
    ids = given.many_leads(container, 2, ["COLD"])
    with container.database.transaction() as connection:
        for statement in (
            *PEOPLE,
            "INSERT INTO replies (lead_id, reply_sha256, reply_id, text, kind, automatic, gateway,"
            " received_at) SELECT md5(n::text)::uuid, sha256(n::text::bytea),"
            " md5('r' || n)::uuid, '', 'text', false, 'gowa', now()"
            " FROM generate_series(1, %(n)s) n",
            "INSERT INTO enrollments (enrollment_id, version, status, lead_id, sequence_id, entry,"
            " steps, sequence_version, trigger, enrolled_at) SELECT md5('e' || n)::uuid, 1,"
            " 'active', md5(n::text)::uuid, md5('s')::uuid, 1, 1, 1, 'COLD', now()"
            " FROM generate_series(1, %(n)s) n",
            "INSERT INTO broadcast_messages (message_id, version, status, lead_id, device_id,"
            " campaign_id, step, scheduled_at, planned_at, attempt)"
            " SELECT md5('m' || n)::uuid, 1, 'pending',"
            " md5(n::text)::uuid, md5('d')::uuid, md5('c')::uuid, 0, now(), now(), 0"
            " FROM generate_series(1, %(n)s) n",
            "INSERT INTO suppressions (suppression_id, version, kind, scope, value, key, evidence,"
            " said_at, by_person, created_at) SELECT md5('x' || n)::uuid, 1, 'phone', '',"
            " '+6014' || n, '+6014' || n, '', now(), false, now()"
            " FROM generate_series(1, %(n)s) n",
        ):
            connection.exec_driver_sql(statement, {"n": LEADS})
    with container.database.transaction() as connection:
        connection.exec_driver_sql("ANALYZE")
    return ids


def reads_many(node: Any) -> bool:
    """Whether more rows of a crowded table were looked at than belong to two people."""
    read = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return node.get("Relation Name") in CROWDED and read > MOST


def test_nothing_is_read_that_is_nobodys_business(container: Container) -> None:
    """No statement looks at more rows than the two people and what is theirs have."""
    ids = crowd(container)
    number = Address("wa_id", given.phone(1)[1:])
    said = [(Reply((number,), "Hi", "in.1", quoted="3EB0"), frozenset([UUID(int=1)]))]

    with container.database.transaction() as connection:
        explained = Explained(connection)
        people = attribution.People(connection, said)
        assert people.owner((number,), None) == ids[0]
        surroundings.surroundings(connection, ids)
        leads.locked(connection, ids)
        addresses.sharing(connection, ids)
        suppressions.of_keys(connection, [number.key])
        replies.known(connection, ids, ["in.1", "edit.1"])

    assert len(explained.plans) >= 10
    assert [
        statement for statement, plan in explained.plans if any(map(reads_many, nodes(plan)))
    ] == []


def test_phones_are_looked_up_by_a_plan_that_was_made_for_empty_tables(
    container: Container,
) -> None:
    """As an import does that begins with nobody, where the server knows that nobody is there; and
    whoever has one of them is looked up too."""
    with container.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("VACUUM ANALYZE leads, lead_addresses")
    keys = ["+60130000001", "+60130000002", "+60139999999"]
    with container.database.transaction() as connection:
        before = addresses.leads_of_keys(connection, keys)
        for statement in PEOPLE:
            connection.exec_driver_sql(statement, {"n": 10 * MOST})
        explained = Explained(connection)
        found = addresses.leads_of_keys(connection, keys)

    assert (before, found.keys()) == ({}, set(keys[:2]))
    assert [node for node in explained.nodes if reads_many(node)] == []
