"""35, the other way: "We put last night's backup back, and everybody got last night's messages
again." """

from __future__ import annotations

from collections.abc import Iterator

import pytest

from projections.database.installation import recreate
from runners.process.supervisor import RUNNERS
from tests.scenarios import team
from tests.support import standby, then
from tests.support.gateways.fake_gowa import FakeGowa
from tests.support.office import Office
from tests.support.standby import Node

DATABASE = "sendtrail_restored"


@pytest.fixture
def server() -> Iterator[Node]:
    with standby.alone() as started:
        yield started


@pytest.fixture
def office(server: Node, gowa: FakeGowa) -> Iterator[Office]:
    """An office on a server of which there will be a backup."""
    opened = Office(recreate(server.url, DATABASE), gowa)
    yield opened
    opened.close()


def test_who_was_written_to_since_the_backup_is_not_written_to_again(
    server: Node, office: Office
) -> None:
    """Two machines run everything. The server goes back to a backup of some moments ago, on the
    same address, while they live."""
    on_their_way = team.devices(office, paced=3, fast=1)
    team.sequence(office, "One", "Two")
    office.leads(130, triggers="COLD")
    office.campaign()
    everything = "+".join(RUNNERS)

    with team.working(office, everything, everything) as both:
        then.soon(lambda: len(office.gowa.taken) >= 60, 60)
        backup = Node(server.data.with_name("backup"))
        backup.copy(server)
        taken = len(office.gowa.taken)
        then.soon(lambda: len(office.gowa.taken) >= taken + 120, 60)
        server.stop()
        server.take_from(backup)
        server.start()
        office.container.database.close()
        both.finishes(390)

    assert both.told(team.WENT_BACK)
    team.proves(office, on_their_way)
