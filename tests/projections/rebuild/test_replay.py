"""Time travel: a new schema with every table as it was at a past instant."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.addresses import Address
from domain.content import Content
from domain.errors import InvalidInputError
from domain.inbound import Reply
from projections.container import Container
from projections.database.engine import rows
from projections.rebuild import rebuild as module
from projections.rebuild.rebuild import rebuild, replay
from projections.schema.columns import READ_MODELS
from runners.gateways.protocol import Rejected
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.mixed import mixed_history
from tests.support.processes import each
from tests.support.when import Phones

SALES = "api:sales"
# Leases that ended are forgotten without an event; what they say of open messages is in these too.
TABLES = sorted(READ_MODELS.tables.keys() - {"leases"})


def contents(container: Container, schema: str = "public") -> dict[str, list[Any]]:
    """Every row of every read model in that schema."""
    with container.database.transaction() as connection:
        return {
            name: rows(connection, f"SELECT t::text FROM {schema}.{name} t ORDER BY 1")
            for name in TABLES
        }


def schemas(container: Container) -> set[str]:
    with container.database.transaction() as connection:
        found = rows(connection, "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'")
    return {row.nspname for row in found}


def test_every_table_is_as_it_was_at_each_instant(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded while it happened, over half an hour of a sequence and a campaign; pages of events
    end anywhere."""
    monkeypatch.setattr(module, "PAGE", 7)
    recorded: dict[datetime, dict[str, list[Any]]] = {}

    def record() -> None:
        recorded[clock()] = contents(container)
        clock.advance(seconds=1)

    device = given.device(container, pace=(20, 40), gateway="gowa")
    leads = given.many_leads(container, 6, ["COLD"], name="Aisyah")
    sequence = given.sequence(container, "COLD", ["One", "Two"])
    given.segment(container, all=[("niche", "eq", "B1")])
    record()
    when.enrolls(container)
    phones = Phones(clock, Rejected("131026", "not on WhatsApp"))
    broadcaster = when.broadcaster(container, phones, name="gowa")
    when.plays(clock, 330, broadcaster)
    record()
    when.replies(container, leads[4], "Yes?", "in.1")
    when.told(container, Reply((Address("wa_id", "60199999999"),), "STOP", "in.2"))
    container.outreach.opt_out(leads[5], "STOP", actor=SALES)
    container.outreach.write_to_lead(leads[4], Content(body="It is me"), actor=SALES)
    campaign = given.campaign(container)
    when.triggers(container)
    record()
    container.outreach.pause_campaign(campaign, actor=SALES)
    container.outreach.pause_sequence(sequence, actor=SALES)
    when.plays(clock, 120, broadcaster)
    record()
    container.outreach.resume_campaign(campaign, actor=SALES)
    when.plays(clock, 300, broadcaster)
    when.replies(container, leads[4], "Thanks", "in.3")
    container.outreach.disconnect_device(device, "logged out", actor=SALES)
    record()
    when.plays(clock, 600, broadcaster)
    when.reaps(container)

    for number, (instant, tables) in enumerate(recorded.items()):
        replay(container.database, f"at_{number}", instant)
        assert contents(container, f"at_{number}") == tables

    assert len({str(tables) for tables in recorded.values()}) == 5
    # Nobody consents, and nobody is erased here: whoever is, is so at every instant.
    filled = {name for name in TABLES if any(tables[name] for tables in recorded.values())}
    assert filled == {*TABLES} - {"erased_ids", "lead_consents"}
    assert rebuild(container.database).keys() == READ_MODELS.tables.keys()


def test_the_whole_history_is_there_at_its_end_and_nothing_before_its_beginning(
    container: Container, clock: SimulatedClock
) -> None:
    """Everything that can happen, up to now, and up to the moment before."""
    began = clock()
    mixed_history(container, clock)
    now = contents(container)

    replay(container.database, "today", clock())
    replay(container.database, "before", began - timedelta(microseconds=1))

    assert contents(container, "today") == now
    assert contents(container, "before") == {name: [] for name in TABLES}
    assert contents(container) == now


def test_an_instant_is_included_and_what_came_later_is_not(
    container: Container, clock: SimulatedClock
) -> None:
    """To the microsecond."""
    first = given.lead(container, 1)
    instant = clock()
    clock.advance(microseconds=1)
    given.lead(container, 2)
    container.outreach.add_trigger(first, "VIP", actor=SALES)

    replay(container.database, "then_and_there", instant)

    with container.database.transaction() as connection:
        found = rows(connection, "SELECT lead_id, phone, triggers FROM then_and_there.leads")
    assert [tuple(row) for row in found] == [(first, "+60120000001", [])]
    assert then.count(container.database, "leads") == 2


def test_the_report_is_there_too_and_shows_that_time(
    container: Container, clock: SimulatedClock
) -> None:
    """The view of the schema stands on the tables of the schema, whatever is live by now."""
    given.device(container)
    lead = given.lead(container, name="Aisyah")
    given.campaign(container, name="March offer")
    when.triggers(container)
    instant = clock()
    clock.advance(minutes=1)
    when.looks(when.broadcaster(container, Phones(clock)))
    container.outreach.update_lead(lead, lambda old: type(old)(name="Siti"), actor=SALES)

    replay(container.database, "report", instant)

    with container.database.transaction() as connection:
        (row,) = rows(connection, "SELECT * FROM report.broadcast_message_report")
    assert (row.status, row.recipient_name, row.campaign_name) == (
        "pending",
        "Aisyah",
        "March offer",
    )


def test_people_who_were_erased_since_are_blank(
    container: Container, clock: SimulatedClock
) -> None:
    """Also two of them at once, who had different phones; who was not is as before."""
    leads = given.many_leads(container, 3, name="Aisyah")
    instant = clock()
    clock.advance(days=1)
    for lead in leads[:2]:
        container.outreach.erase_lead(lead, actor=SALES)

    replay(container.database, "yesterday", instant)

    with container.database.transaction() as connection:
        found = rows(connection, "SELECT lead_id, phone, name, erased_at FROM yesterday.leads")
    assert {tuple(row) for row in found} == {
        (leads[0], None, "", None),
        (leads[1], None, "", None),
        (leads[2], "+60120000003", "Aisyah", None),
    }


def test_people_who_are_erased_meanwhile_are_blank(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next page of events was read with their keys, and is not written yet."""
    monkeypatch.setattr(module, "PAGE", 1)
    leads = given.many_leads(container, 3, name="Aisyah")
    instant = clock()
    clock.advance(days=1)

    def meanwhile(done: int, total: int) -> None:
        if done == 1:
            for lead in leads:
                container.outreach.erase_lead(lead, actor=SALES)

    replay(container.database, "yesterday", instant, meanwhile)

    with container.database.transaction() as connection:
        found = rows(connection, "SELECT DISTINCT phone, name, attributes FROM yesterday.leads")
    assert [tuple(row) for row in found] == [(None, "", {})]


def test_its_tables_have_the_indexes_of_the_live_ones(
    container: Container, clock: SimulatedClock
) -> None:
    """And their constraints: whoever asks it about the past need not wait longer."""
    replay(container.database, "yesterday", clock())

    with container.database.transaction() as connection:
        live, past = (
            rows(
                connection,
                "SELECT indexname, replace(indexdef, schemaname || '.', '') FROM pg_indexes"
                " WHERE schemaname = %(s)s AND tablename = ANY(%(t)s) ORDER BY 1",
                s=schema,
                t=list(READ_MODELS.tables),
            )
            for schema in ("public", "yesterday")
        )
    assert past == live


BAD = ["", "Big", "1st", "a-b", "a b", 'a"b', "a;b", "ä", "pg_mine", "a\n", "x" * 64]


@pytest.mark.parametrize("name", BAD, ids=repr)
def test_a_name_that_would_have_to_be_quoted_is_refused(container: Container, name: str) -> None:
    """Or that PostgreSQL keeps for itself."""
    before = schemas(container)

    with pytest.raises(InvalidInputError, match="schema: expected a name of lower-case letters"):
        replay(container.database, name, container.outreach.clock())

    assert schemas(container) == before


@pytest.mark.parametrize("name", ["user", "table", "order", "left"])
def test_a_reserved_word_is_refused(container: Container, name: str) -> None:
    """It would have to be quoted as well."""
    with pytest.raises(InvalidInputError, match="schema: expected a name that is no reserved word"):
        replay(container.database, name, container.outreach.clock())


def test_a_name_that_is_taken_is_refused(container: Container) -> None:
    """By whatever it is: nothing of it is touched, nor of what a rebuild uses."""
    given.lead(container)
    with container.database.transaction() as connection:
        connection.exec_driver_sql("CREATE SCHEMA bi CREATE TABLE kept (a int)")
    before = contents(container)

    for name in ("bi", "public", "information_schema", "rebuild", "retired"):
        with pytest.raises(InvalidInputError, match="schema: expected a name that is not taken"):
            replay(container.database, name, container.outreach.clock())

    assert then.count(container.database, "bi.kept") == 0
    assert contents(container) == before


def test_the_command_says_what_it_made_and_how_to_drop_it(
    container: Container, clock: SimulatedClock, database_url: str
) -> None:
    """And in one line what was wrong with what it was told."""
    given.lead(container, 1)
    clock.advance(hours=1)
    given.lead(container, 2)
    at = ["replay", "--until", "2026-03-02T16:30:00+08:00", "--into"]

    made, local, vague = each(
        ([*at, "half_past"], {"database_url": database_url}),
        (["replay", "--until", "2026-03-02T08:30", "--into", "b"], {"database_url": database_url}),
        (["replay", "--until", "lately", "--into", "c"], {"database_url": database_url}),
    )

    assert (made.returncode, made.stdout.splitlines()[-1]) == (0, "DROP SCHEMA half_past CASCADE")
    assert then.count(container.database, "half_past.leads") == 1
    for refused in (local, vague):
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.splitlines()[-1].startswith("Error: until: expected ")
    assert schemas(container) == {"public", "information_schema", "half_past"}
