"""35. "The standby lacked the last second; from then on nothing was sent, ever, and every check
said 'intact'." """

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
SENDERS = (*["broadcaster"] * 4, "reaper", "monitor")
EVENTS = "SELECT count(*) FROM stored_events"
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


def loses(pair: Pair, office: Office, until: Callable[[], Any]) -> int:
    """The standby falls behind, and takes over when ``until`` has come true; returns how many
    messages are left."""
    pair.fall_behind()
    then.soon(until, 60)
    had = pair.primary.ask(EVENTS, DATABASE)
    pair.lose_primary()
    assert pair.primary.ask(EVENTS, DATABASE) < had
    left: int = pair.primary.ask("SELECT count(*) FROM broadcast_messages", DATABASE)
    pair.go_on()
    # Connections of this process were cut, too.
    office.container.database.close()
    return left


def took(office: Office, more: int) -> Callable[[], bool]:
    """Whether the gateway has taken so many more messages than it has now."""
    taken = len(office.gowa.taken)
    return lambda: len(office.gowa.taken) >= taken + more


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
            loses(pair, office, took(office, 100))
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

    with team.working(office, *SENDERS) as senders:
        pair.catch_up()
        pair.fall_behind()
        with team.working(office, "campaigner") as campaigner:
            assert loses(pair, office, took(office, 80)) == 0
            finish(senders, campaigner, office, 200)
    team.proves(office, on_their_way)


def test_the_last_chunk_of_a_campaign_is_sent_once(pair: Pair, office: Office) -> None:
    """An audience of two chunks, of whom most said no. The campaigner dies when the first chunk was
    committed; the second one is lost."""
    on_their_way = team.devices(office, paced=3, fast=1)
    left_out = CHUNK + 100
    office.leads(left_out, opted_out="yes")
    office.leads(500, first=left_out + 1)
    office.campaign()
    assert office.once("campaigner", fault="extend.after_commit:1").returncode == -9
    first_chunk = {message.lead_id for message in then.messages(office.container)}
    lead_id = office.container.outreach.lead_id
    people = [phone(number) for number in range(left_out + 1, left_out + 501)]
    last_chunk = {one for one in people if lead_id(one) not in first_chunk}
    assert len(last_chunk) > 20

    def sent() -> int:
        return len({f"+{asked.phone}" for asked in office.gowa.taken} & last_chunk)

    with team.working(office, *SENDERS) as senders:
        pair.catch_up()
        pair.fall_behind()
        with team.working(office, "campaigner") as campaigner:
            assert loses(pair, office, lambda: sent() > 10) == len(first_chunk)
            finish(senders, campaigner, office, 500)
    team.proves(office, on_their_way)


def test_who_was_enrolled_in_the_lost_second_is_written_to_once(pair: Pair, office: Office) -> None:
    """Enrollments, what they scheduled and what of it was sent are gone, and come again."""
    on_their_way = team.devices(office, paced=3, fast=1)
    team.sequence(office, "One", "Two")
    office.leads(120, triggers="COLD")

    with team.working(office, *SENDERS) as senders:
        pair.catch_up()
        pair.fall_behind()
        with team.working(office, "enroller") as enroller:
            assert loses(pair, office, took(office, 100)) == 0
            finish(senders, enroller, office, 240)
    team.proves(office, on_their_way)


def finish(senders: Team, scheduler: Team, office: Office, scheduled: int) -> None:
    senders.finishes(scheduled)
    scheduler.finishes(scheduled)
    assert senders.told(WENT_BACK)


def restarts(pair: Pair) -> None:
    pair.primary.stop()
    pair.primary.start()


def crashes(pair: Pair) -> None:
    pair.primary.stop("immediate")
    pair.primary.start()


def fails_over(pair: Pair) -> None:
    pair.wait_for_standby()
    pair.lose_primary()
    pair.go_on()


@pytest.mark.parametrize("happens", [restarts, crashes, fails_over])
def test_where_nothing_was_lost_nobody_is_told_so(
    pair: Pair, office: Office, happens: Callable[[Pair], None]
) -> None:
    """The server restarts, or a standby takes over that has all that was ever committed."""
    on_their_way = team.devices(office, paced=4, fast=2)
    team.sequence(office, "One", "Two")
    office.leads(150, triggers="COLD")
    office.campaign()

    with team.working(office) as everybody:
        then.soon(took(office, 150), 60)
        happens(pair)
        office.container.database.close()
        everybody.goes_on()
        everybody.finishes(450)

    assert not everybody.told(WENT_BACK)
    team.proves(office, on_their_way)
