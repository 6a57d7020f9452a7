"""Time travel: a new schema with every table as it was at a past instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import InvalidInputError
from projections.container import House
from projections.database.engine import rows
from projections.rebuild import rebuild as module
from projections.rebuild.rebuild import rebuild, replay
from projections.schema.read_models import READ_MODELS
from runners.gateways.protocol import Rejected
from runners.support.clocks import SimulatedClock
from tests.projections.mixed import mixed_history
from tests.runners import given, then, when
from tests.runners.child import each
from tests.runners.when import Phones

SALES = "api:sales"
# Leases that ended are forgotten without an event; what they say of open messages is in these too.
TABLES = sorted(READ_MODELS.tables.keys() - {"leases"})


@pytest.fixture
def clock() -> SimulatedClock:
    """It is Monday, 2 March 2026, 08:00 UTC."""
    return SimulatedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


def contents(house: House, schema: str = "public") -> dict[str, list[Any]]:
    """Every row of every read model in that schema."""
    with house.database.transaction() as connection:
        return {
            name: rows(connection, f"SELECT t::text FROM {schema}.{name} t ORDER BY 1")
            for name in TABLES
        }


def schemas(house: House) -> set[str]:
    with house.database.transaction() as connection:
        found = rows(connection, "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'")
    return {row.nspname for row in found}


def test_every_table_is_as_it_was_at_each_instant(
    house: House, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded while it happened, over half an hour of a sequence and a campaign; pages of events
    end anywhere."""
    monkeypatch.setattr(module, "PAGE", 7)
    recorded: dict[datetime, dict[str, list[Any]]] = {}

    def record() -> None:
        recorded[clock()] = contents(house)
        clock.advance(seconds=1)

    device = given.device(house, pace=(20, 40), gateway="gowa")
    leads = given.many_leads(house, 6, ["COLD"], name="Aisyah")
    sequence = given.sequence(house, "COLD", ["One", "Two"])
    record()
    when.enrolls(house)
    phones = Phones(clock, Rejected("131026", "not on WhatsApp"))
    broadcaster = when.broadcaster(house, phones, name="gowa")
    when.plays(clock, 330, broadcaster)
    record()
    house.outreach.record_reply(leads[4], "Yes?", "in.1", actor="webhook:gowa")
    house.outreach.opt_out(leads[5], "STOP", actor=SALES)
    campaign = given.campaign(house)
    when.triggers(house)
    record()
    house.outreach.pause_campaign(campaign, actor=SALES)
    house.outreach.pause_sequence(sequence, actor=SALES)
    when.plays(clock, 120, broadcaster)
    record()
    house.outreach.resume_campaign(campaign, actor=SALES)
    when.plays(clock, 300, broadcaster)
    house.outreach.disconnect_device(device, "logged out", actor=SALES)
    record()
    when.plays(clock, 600, broadcaster)
    when.reaps(house)

    for number, (instant, tables) in enumerate(recorded.items()):
        replay(house.database, f"at_{number}", instant)
        assert contents(house, f"at_{number}") == tables

    assert len({str(tables) for tables in recorded.values()}) == 5
    assert {name for name in TABLES if any(tables[name] for tables in recorded.values())} == {
        *TABLES
    }
    assert rebuild(house.database).keys() == READ_MODELS.tables.keys()


def test_the_whole_history_is_there_at_its_end_and_nothing_before_its_beginning(
    house: House, clock: SimulatedClock
) -> None:
    """Everything that can happen, up to now, and up to the moment before."""
    began = clock()
    mixed_history(house, clock)
    now = contents(house)

    replay(house.database, "today", clock())
    replay(house.database, "before", began - timedelta(microseconds=1))

    assert contents(house, "today") == now
    assert contents(house, "before") == {name: [] for name in TABLES}
    assert contents(house) == now


def test_an_instant_is_included_and_what_came_later_is_not(
    house: House, clock: SimulatedClock
) -> None:
    """To the microsecond."""
    first = given.lead(house, 1)
    instant = clock()
    clock.advance(microseconds=1)
    given.lead(house, 2)
    house.outreach.add_trigger(first, "VIP", actor=SALES)

    replay(house.database, "then_and_there", instant)

    with house.database.transaction() as connection:
        found = rows(connection, "SELECT lead_id, phone, triggers FROM then_and_there.leads")
    assert [tuple(row) for row in found] == [(first, "+60120000001", [])]
    assert then.count(house.database, "leads") == 2


def test_the_report_is_there_too_and_shows_that_time(house: House, clock: SimulatedClock) -> None:
    """The view of the schema stands on the tables of the schema, whatever is live by now."""
    given.device(house)
    lead = given.lead(house, name="Aisyah")
    given.campaign(house, name="March offer")
    when.triggers(house)
    instant = clock()
    clock.advance(minutes=1)
    when.looks(when.broadcaster(house, Phones(clock)))
    house.outreach.update_lead(lead, lambda old: type(old)(name="Siti"), actor=SALES)

    replay(house.database, "report", instant)

    with house.database.transaction() as connection:
        (row,) = rows(connection, "SELECT * FROM report.broadcast_message_report")
    assert (row.status, row.recipient_name, row.campaign_name) == (
        "pending",
        "Aisyah",
        "March offer",
    )


def test_people_who_were_erased_since_are_blank(house: House, clock: SimulatedClock) -> None:
    """Also two of them at once, who had different phones; who was not is as before."""
    leads = given.many_leads(house, 3, name="Aisyah")
    instant = clock()
    clock.advance(days=1)
    for lead in leads[:2]:
        house.outreach.erase_lead(lead, actor=SALES)

    replay(house.database, "yesterday", instant)

    with house.database.transaction() as connection:
        found = rows(connection, "SELECT lead_id, phone, name, erased_at FROM yesterday.leads")
    assert {tuple(row) for row in found} == {
        (leads[0], None, "", None),
        (leads[1], None, "", None),
        (leads[2], "+60120000003", "Aisyah", None),
    }


def test_people_who_are_erased_meanwhile_are_blank(
    house: House, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next page of events was read with their keys, and is not written yet."""
    monkeypatch.setattr(module, "PAGE", 1)
    leads = given.many_leads(house, 3, name="Aisyah")
    instant = clock()
    clock.advance(days=1)

    def meanwhile(done: int, total: int) -> None:
        if done == 1:
            for lead in leads:
                house.outreach.erase_lead(lead, actor=SALES)

    replay(house.database, "yesterday", instant, meanwhile)

    with house.database.transaction() as connection:
        found = rows(connection, "SELECT DISTINCT phone, name, attributes FROM yesterday.leads")
    assert [tuple(row) for row in found] == [(None, "", {})]


def test_its_tables_have_the_indexes_of_the_live_ones(house: House, clock: SimulatedClock) -> None:
    """And their constraints: whoever asks it about the past need not wait longer."""
    replay(house.database, "yesterday", clock())

    with house.database.transaction() as connection:
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
def test_a_name_that_would_have_to_be_quoted_is_refused(house: House, name: str) -> None:
    """Or that PostgreSQL keeps for itself."""
    before = schemas(house)

    with pytest.raises(InvalidInputError, match="schema: expected a name of lower-case letters"):
        replay(house.database, name, house.outreach.clock())

    assert schemas(house) == before


@pytest.mark.parametrize("name", ["user", "table", "order", "left"])
def test_a_reserved_word_is_refused(house: House, name: str) -> None:
    """It would have to be quoted as well."""
    with pytest.raises(InvalidInputError, match="schema: expected a name that is no reserved word"):
        replay(house.database, name, house.outreach.clock())


def test_a_name_that_is_taken_is_refused(house: House) -> None:
    """By whatever it is: nothing of it is touched, nor of what a rebuild uses."""
    given.lead(house)
    with house.database.transaction() as connection:
        connection.exec_driver_sql("CREATE SCHEMA bi CREATE TABLE kept (a int)")
    before = contents(house)

    for name in ("bi", "public", "information_schema", "rebuild", "retired"):
        with pytest.raises(InvalidInputError, match="schema: expected a name that is not taken"):
            replay(house.database, name, house.outreach.clock())

    assert then.count(house.database, "bi.kept") == 0
    assert contents(house) == before


def test_the_command_says_what_it_made_and_how_to_drop_it(
    house: House, clock: SimulatedClock, database_url: str
) -> None:
    """And in one line what was wrong with what it was told."""
    given.lead(house, 1)
    clock.advance(hours=1)
    given.lead(house, 2)
    at = ["replay", "--until", "2026-03-02T16:30:00+08:00", "--into"]

    made, local, vague = each(
        ([*at, "half_past"], {"database_url": database_url}),
        (["replay", "--until", "2026-03-02T08:30", "--into", "b"], {"database_url": database_url}),
        (["replay", "--until", "lately", "--into", "c"], {"database_url": database_url}),
    )

    assert (made.returncode, made.stdout.splitlines()[-1]) == (0, "DROP SCHEMA half_past CASCADE")
    assert then.count(house.database, "half_past.leads") == 1
    for refused in (local, vague):
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.splitlines()[-1].startswith("Error: until: expected ")
    assert schemas(house) == {"public", "information_schema", "half_past"}
