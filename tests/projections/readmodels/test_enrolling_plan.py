"""Finding whom to enroll takes as long as there are leads to enroll, whatever else there is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from projections.container import Container
from projections.database.engine import rows
from projections.readmodels import leads
from tests.support import given

LEADS, LIMIT = 1200, 100
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def plan(monkeypatch: Any, connection: Connection) -> list[dict[str, Any]]:
    """Every node of the plan by which leads are found, as it was run."""
    nodes: list[dict[str, Any]] = []

    def collect(node: dict[str, Any]) -> None:
        nodes.append(node)
        for child in node.get("Plans", []):
            collect(child)

    def explained(connection: Connection, statement: str, **parameters: Any) -> list[Any]:
        ((found,),) = rows(connection, f"EXPLAIN (ANALYZE, FORMAT json) {statement}", **parameters)
        collect(found[0]["Plan"])
        return rows(connection, statement, **parameters)

    monkeypatch.setattr(leads, "rows", explained)
    assert len(leads.enrollable(connection, LIMIT, now=NOW)) == LIMIT
    return nodes


def test_a_crowd_is_not_read_anew_for_each_of_its_leads(
    container: Container, monkeypatch: Any
) -> None:
    """A hundred of 1,200: nothing is done more than once for each of the hundred, and no more
    leads are looked at."""
    given.device(container)
    given.sequence(container)
    given.many_leads(container, LEADS, ["COLD"])
    with container.database.transaction() as connection:
        connection.exec_driver_sql("ANALYZE")

    with container.database.transaction() as connection:
        nodes = plan(monkeypatch, connection)

    assert max(node["Actual Loops"] for node in nodes) <= LIMIT
    seen = [node["Actual Rows"] for node in nodes if node.get("Relation Name") == "leads"]
    assert seen == [LIMIT]


def test_leads_without_a_trigger_cost_nothing(container: Container, monkeypatch: Any) -> None:
    """Those that have one are found by an index."""
    given.device(container)
    given.sequence(container)
    given.many_leads(container, LEADS)
    given.many_leads(container, LIMIT, ["COLD"], first=LEADS + 1)
    with container.database.transaction() as connection:
        connection.exec_driver_sql("ANALYZE")

    with container.database.transaction() as connection:
        nodes = plan(monkeypatch, connection)

    [scan] = [node for node in nodes if node.get("Relation Name") == "leads"]
    assert (scan["Node Type"], scan["Actual Rows"]) == ("Bitmap Heap Scan", LIMIT)
    assert scan.get("Rows Removed by Filter", 0) == 0
