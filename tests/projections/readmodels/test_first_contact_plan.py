"""Which device wrote to a person first is one look, however many messages there were since."""

from __future__ import annotations

from typing import Any

from projections.container import Container
from projections.database.engine import rows
from projections.readmodels import leads
from projections.schema.expressions import FIRST_CONTACT
from tests.support import given


def scanned(node: dict[str, Any], table: str) -> int:
    """Rows of the table that the plan looked at."""
    own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    looked_at = own * node["Actual Loops"] if node.get("Relation Name") == table else 0
    return int(looked_at) + sum(scanned(inner, table) for inner in node.get("Plans", ()))


def test_it_looks_at_one_message_of_each_person(container: Container) -> None:
    device = given.device(container)
    people = given.many_leads(container, 3)
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO broadcast_messages (message_id, version, status, lead_id, device_id,"
            " campaign_id, step, scheduled_at, planned_at, attempt)"
            " SELECT gen_random_uuid(), 1, 'sent', lead_id, %(device)s, gen_random_uuid(), 0,"
            " now() + n * interval '1 hour', now() + n * interval '1 hour', 1"
            " FROM leads, generate_series(1, 500) n",
            {"device": str(device)},
        )
        connection.exec_driver_sql("ANALYZE broadcast_messages")
        found = leads.ties(connection, people, [])
        (plan,) = rows(
            connection,
            f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT {FIRST_CONTACT} FROM leads l",
            retired="{}",
        )

    assert {each.first_contact for each in found.values()} == {device}
    assert scanned(plan[0][0]["Plan"], "broadcast_messages") == len(people)
