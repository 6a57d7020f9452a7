"""A database of every earlier version is migrated, rebuilt and gone on with."""

from __future__ import annotations

import random
import re

import pytest
from click.testing import CliRunner
from sqlalchemy.exc import ProgrammingError

from projections.audit import checkpoints, hash_chain
from projections.audit.message_trail import message_trail
from projections.config.settings import Settings
from projections.container import Container
from projections.database.schema_version import newest
from runners.cli.main import main
from runners.sending.worker import Broadcaster
from runners.support.clocks import SimulatedClock
from tests.projections.rebuild.live_tables import TABLES, differences
from tests.support import then, when
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.support.when import Phones
from tests.upgrades import dumps, schemas

OPEN = {"processing", "queued"}


@pytest.fixture(params=dumps.ALL, ids=lambda dump: dump.file)
def dump(request: pytest.FixtureRequest) -> dumps.Dump:
    found: dumps.Dump = request.param
    return found


def test_two_commands_make_it_one_of_this_version(
    database_url: str, settings: Settings, prompt: CliRunner, new_url: str
) -> None:
    """Nothing of the log and of the keys is lost; the second time there is nothing to do."""
    kept = ("stored_events", "api_keys", "subscriptions", "deliveries", "installation")
    before = schemas.everything(database_url)

    first, second = (prompt.invoke(main, ["db", "migrate"]) for _ in range(2))
    rebuilt = prompt.invoke(main, ["rebuild"])
    third = prompt.invoke(main, ["db", "migrate"])

    assert [result.exit_code for result in (first, second, rebuilt, third)] == [0, 0, 0, 0]
    lines = first.stdout.splitlines()
    assert lines[0] == "schema 0001: create what is missing of the log and the records"
    assert f"the database went from schema 0001 to {newest()}" in lines
    already = f"the database has schema {newest()} already: nothing to do\n"
    assert second.stdout.startswith(already)
    assert third.stdout == already
    assert rebuilt.stdout.count("identical") == len(TABLES)
    after = schemas.everything(database_url)
    for table in kept:
        assert after[f"public.{table}"] == before[f"public.{table}"]
    assert after["public.hash_chain_links"] == before["public.notary_seals"]
    owners = [
        [key.partition(",")[0] for key in found["public.lead_keys"][1:]]
        for found in (before, after)
    ]
    assert owners[0] == owners[1]
    assert schemas.shape(database_url) == schemas.shape(new_url)


def test_what_it_promised_is_kept(
    container: Container, dump: dumps.Dump, clock: SimulatedClock
) -> None:
    """The chain is intact and grows, every text is proven unless the person was erased, and a
    client goes on with its key."""
    checkpoint = checkpoints.parse(dump.checkpoint)
    assert hash_chain.verify(container.database).fault is None
    assert checkpoints.check(container.database, checkpoint, None) is None
    assert hash_chain.extend(container.database, clock) > 0
    assert hash_chain.verify(container.database).unchained == 0

    for message in then.messages(container):
        erased = then.row(container, "leads", lead_id=message.lead_id).phone is None
        trail = message_trail(container.outreach, container.database, message.message_id)
        assert {dispatch.proven for dispatch in trail.hand_overs} <= {None if erased else True}

    assert Client(application(container), dump.key).get("/campaigns").status == 200


def test_work_goes_on(container: Container, clock: SimulatedClock) -> None:
    """What its workers had claimed is sent, what they had handed over is unknown and not sent
    again, and nobody is sent a message twice."""
    before = {message.message_id: message for message in then.messages(container)}
    handed_over = {id_ for id_, message in before.items() if message.status == "queued"}
    claimed = {id_ for id_, message in before.items() if message.status == "processing"}
    assert handed_over
    assert claimed
    clock.advance(minutes=2)
    when.reaps(container)
    assert then.statuses(container).keys() & OPEN == set()
    assert {m.message_id for m in then.messages(container, status="unknown")} >= handed_over

    phones = Phones(clock)
    one = Broadcaster(
        container,
        {"gowa": phones, "sandbox": phones},
        worker="new worker",
        actor="runner:broadcaster:test",
        uniform=random.Random(1).uniform,
    )
    when.plays(clock, 300, one)

    sent = [outgoing.message_id for outgoing in phones.sent]
    assert len(sent) == len(set(sent))
    became = {m.status for m in then.messages(container) if m.message_id in claimed}
    assert "sent" in became
    assert became <= {"sent", "pending", "cancelled"}
    assert set(sent) & handed_over == set()
    assert (differences(container), then.gaps(container)) == ({}, [])


def test_a_program_of_before_versions_were_kept_does_not_start(container: Container) -> None:
    """It makes the tables that it misses, and then it would begin another chain."""
    with (
        pytest.raises(ProgrammingError, match='type "notary_seals" already exists'),
        container.database.transaction() as connection,
    ):
        connection.exec_driver_sql("CREATE TABLE notary_seals (last_id bigserial PRIMARY KEY)")


def test_an_older_program_refuses_it(
    container: Container, database_url: str, prompt: CliRunner
) -> None:
    """It was migrated by a program of the future; whatever is run says both versions and changes
    nothing."""
    with container.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9007'")
    before = schemas.everything(database_url)

    for command in (["status"], ["run", "--once"], ["serve"], ["rebuild"], ["db", "migrate"]):
        result = prompt.invoke(main, command)

        assert (result.exit_code, result.stdout) == (1, ""), command
        assert re.fullmatch(
            r"Error: the database has schema 9007, made by a newer Sendtrail;"
            rf" this program knows up to {newest()}\n",
            result.stderr,
        )
    assert schemas.everything(database_url) == before
