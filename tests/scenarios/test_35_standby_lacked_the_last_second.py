"""35. "The standby lacked the last second; from then on nothing was sent, ever, and every check
said 'intact'." """

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from projections.database.installation import recreate
from tests.scenarios import crm, team
from tests.scenarios.crm import Crm
from tests.scenarios.team import WENT_BACK, Team
from tests.support import standby, then
from tests.support.api.given import SECRET_KEY, phone
from tests.support.gateways.fake_gowa import FakeGowa
from tests.support.office import Office
from tests.support.serve import serving
from tests.support.standby import Pair

DATABASE = "sendtrail_failover"
# What one chunk of a campaign's audience has.
CHUNK = 5000


@pytest.fixture
def pair() -> Iterator[Pair]:
    with standby.pair() as started:
        yield started


@pytest.fixture
def office(pair: Pair, gowa: FakeGowa) -> Iterator[Office]:
    """An office whose database has a standby."""
    opened = Office(recreate(pair.url, DATABASE), gowa)
    yield opened
    opened.close()


def loses(pair: Pair, office: Office, *, more: int) -> int:
    """The standby falls behind, and takes over when the gateway has taken so many ``more``; returns
    how many events of messages are gone."""
    taken = len(office.gowa.taken)
    pair.lose_last(lambda: len(office.gowa.taken) >= taken + more)
    # Connections of this process were cut, too.
    office.container.database.close()
    return len(office.gowa.taken) - taken


def test_nobody_is_written_to_twice_and_everything_goes_on(
    pair: Pair, office: Office, tmp_path: Path
) -> None:
    """A campaign and a sequence on six numbers, four broadcasters on as many machines, and a
    program that brings new leads and pauses the campaign again and again. What it was told was
    done, and is not, it asks for once more."""
    on_their_way = team.devices(office, paced=4, fast=2)
    team.sequence(office, "One", "Two")
    office.leads(150, triggers="COLD")
    campaign = office.campaign()

    with (
        serving(office.settings["database_url"], tmp_path, secret_key=SECRET_KEY) as server,
        team.working(office) as everybody,
    ):
        then.soon(lambda: office.counts().total() == 450)
        people = Crm(server, office, campaign, first=151, most=100)
        with crm.working(people):
            then.soon(lambda: len(office.gowa.taken) >= 150, 60)
            loses(pair, office, more=100)
            everybody.goes_on()
        people.looks_again()
        everybody.finishes(450 + 2 * people.registered)

    assert everybody.told(WENT_BACK)
    assert set(people.answers) <= {200, 201, 409, 503}, people.answers
    team.proves(office, on_their_way)


def test_a_campaign_that_began_in_the_lost_second_is_sent_once(pair: Pair, office: Office) -> None:
    """All of it is gone: that it began, its audience, what was scheduled and what was sent."""
    on_their_way = team.devices(office, paced=3, fast=1)
    office.leads(200)
    office.campaign()

    with team.working(office, *["broadcaster"] * 4, "reaper", "monitor") as senders:
        pair.catch_up()
        pair.fall_behind()
        with team.working(office, "campaigner") as campaigner:
            loses(pair, office, more=80)
            assert office.counts() == {}
            finish(senders, campaigner, office, 200)
    team.proves(office, on_their_way)


def test_the_last_chunk_of_a_campaign_is_sent_once(pair: Pair, office: Office) -> None:
    """An audience of two chunks, of whom most have a number that was given up. The campaigner dies
    when the first chunk was committed; the second one is lost."""
    on_their_way = team.devices(office, paced=0, fast=3)
    old = office.device("Old")
    given_up = CHUNK + 100
    office.leads(given_up, device="Old")
    assert office.api.post(f"/devices/{old}/retire").status == 200
    office.leads(500, first=given_up + 1)
    office.campaign()
    assert office.once("campaigner", fault="extend.after_commit:1").returncode == -9
    first_chunk = {message.lead_id for message in then.messages(office.container)}
    lead_id = office.container.outreach.lead_id
    people = [phone(number) for number in range(given_up + 1, given_up + 501)]
    last_chunk = {one for one in people if lead_id(one) not in first_chunk}
    assert len(last_chunk) > 20

    pair.catch_up()
    pair.fall_behind()
    with team.working(office, *["broadcaster"] * 4, "reaper", "monitor") as senders:
        with team.working(office, "campaigner") as campaigner:

            def sent() -> int:
                return len({f"+{asked.phone}" for asked in office.gowa.taken} & last_chunk)

            pair.lose_last(lambda: sent() > 10)
            office.container.database.close()
            assert office.counts().total() == len(first_chunk)
            finish(senders, campaigner, office, 500)
    team.proves(office, on_their_way)


def test_who_was_enrolled_in_the_lost_second_is_written_to_once(pair: Pair, office: Office) -> None:
    """Enrollments, what they scheduled and what of it was sent are gone, and come again."""
    on_their_way = team.devices(office, paced=3, fast=1)
    team.sequence(office, "One", "Two")
    office.leads(120, triggers="COLD")

    with team.working(office, *["broadcaster"] * 4, "reaper", "monitor") as senders:
        pair.catch_up()
        pair.fall_behind()
        with team.working(office, "enroller") as enroller:
            loses(pair, office, more=100)
            assert office.counts() == {}
            finish(senders, enroller, office, 240)
    team.proves(office, on_their_way)


def finish(senders: Team, scheduler: Team, office: Office, scheduled: int) -> None:
    senders.finishes(scheduled)
    scheduler.finishes(scheduled)
    assert senders.told(WENT_BACK)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_only_restarts_has_lost_nothing(
    pair: Pair, office: Office, mode: str
) -> None:
    """In good order or not: nobody is told that anything is gone, and sending goes on."""
    on_their_way = team.devices(office, paced=4, fast=2)
    team.sequence(office, "One", "Two")
    office.leads(150, triggers="COLD")
    office.campaign()

    with team.working(office) as everybody:
        then.soon(lambda: len(office.gowa.taken) >= 150, 60)
        pair.primary.stop(mode)
        pair.primary.start()
        office.container.database.close()
        everybody.goes_on(20)
        everybody.finishes(450)

    assert not everybody.told(WENT_BACK)
    team.proves(office, on_their_way)
