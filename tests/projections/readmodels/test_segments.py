"""Who is in a segment, asked of the database for many leads at once and of the domain for one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain import segments
from domain.segment_matching import failing
from domain.segments import FIELDS, Predicate
from projections.audit.segment_then import history_then
from projections.container import Container
from projections.database.engine import rows
from projections.readmodels.segment_conditions import compiled
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.mixed import mixed_history
from tests.support.when import Phones

CITIES = ("Ipoh", "IPOH BARU", "2026-03-01", "2025-12-31 or so", "5", "Café")
ATTRIBUTES = ("attribute.city", "attribute.since")
SOME_TIME = ("30d", "1h", "+2h", "0d", "2026-03-02T09:30:00+08:00", "1999-01-01T00:00Z")


def _values(field: str, op: str, ids: dict[str, list[str]]) -> st.SearchStrategy[Any]:
    """What may be given for the field and the operation: mostly what somebody has."""
    if op == "exists":
        return st.sampled_from([True, False, None])
    one: st.SearchStrategy[Any]
    if field in ATTRIBUTES:
        days = op in ("before", "after")
        one = st.sampled_from(("2026-03-01", "60d") if days else ("ipoh", "a", "5", "Cafe\u0301"))
    elif field in ids:
        one = st.sampled_from([*ids[field], "00000000-0000-4000-8000-000000000001"])
    elif field in ("niche", "trigger"):
        one = st.sampled_from(["b1", "B12", "COLD", "warm", "Straße"])
    elif field == "target_status":
        one = st.sampled_from(["prospect", "CUSTOMER"])
    elif field in ("opted_out", "unreachable", "never_sent"):
        one = st.booleans()
    elif field == "phone":
        one = st.sampled_from(["+6012", "3000", "7"])
    else:
        one = st.sampled_from(SOME_TIME)
    return st.lists(one, min_size=1, max_size=3) if op == "in" else one


@st.composite
def predicates(draw: st.DrawFn, ids: dict[str, list[str]]) -> Predicate:
    """Any conditions on any fields."""
    clauses: dict[segments.Clause, list[tuple[str, str, Any]]] = {}
    for clause in draw(st.lists(st.sampled_from(segments.CLAUSES), min_size=1, max_size=4)):
        field = draw(st.sampled_from([*FIELDS, *ATTRIBUTES]))
        op = draw(st.sampled_from(list(segments.kind_of(field) or ())))
        value = draw(_values(field, op, ids))
        clauses.setdefault(clause, []).append((field, op, value))
    return segments.check("drawn", clauses)


def _people(container: Container, clock: SimulatedClock) -> dict[str, list[str]]:
    """Leads with and without all that may be asked for; the ids of what they met, by field."""
    mixed_history(container, clock)
    clock.advance(hours=2)
    for number, city in enumerate(CITIES, start=40):
        given.lead(
            container,
            number,
            name="Siti",
            triggers=["Warm"],
            target_status="customer",
            niche=["B12"] if number % 2 else [],
            attributes={"city": city} if number % 3 else {"city": city, "since": ""},
        )
    given.device(container, "Sales 9")
    given.campaign(container, niche=("B12",))
    when.triggers(container)
    when.plays(clock, 600, when.broadcaster(container, Phones(clock)))
    fields = {"sent_campaign": "campaign", "in_sequence": "sequence", "device_id": "device"}
    return {
        field: [str(getattr(row, f"{what}_id")) for row in then.table(container, f"{what}s")]
        for field, what in fields.items()
    }


def test_the_database_finds_whom_the_domain_finds(
    container: Container, clock: SimulatedClock
) -> None:
    """Whatever is asked, of people to whom nearly everything has happened; walking along the leads,
    and of all at once."""
    ids = _people(container, clock)
    people = [
        container.outreach.get_lead(row.lead_id)
        for row in then.table(container, "leads")
        if row.erased_at is None and row.merged_into is None
    ]
    past = {each.id: history_then(container.database, each.id) for each in people}
    now = clock() + timedelta(minutes=1)
    sizes: set[int] = set()

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @drawn(predicates(ids))
    def agree(predicate: Predicate) -> None:
        expected: set[UUID] = {
            each.id for each in people if failing(predicate, each, past[each.id], now) is None
        }
        for whole in (False, True):
            asked = compiled(predicate, now, whole=whole)
            with container.database.transaction() as connection:
                found = rows(
                    connection,
                    f"SELECT l.lead_id FROM leads l {asked.join} WHERE {asked.sql}",
                    **asked.parameters,
                )
            assert {row.lead_id for row in found} == expected, whole
        sizes.add(len(expected))

    agree()
    assert len(people) > 15
    assert len(sizes) > 5
    assert any(each.campaigns for each in past.values())
    assert any(each.replied_at for each in past.values())
    assert any(each.sequences for each in past.values())
