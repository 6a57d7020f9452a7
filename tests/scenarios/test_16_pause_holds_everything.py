"""16. "We paused it, and it went on sending. We resumed it, and they all came at once." """

from __future__ import annotations

import signal
from collections import defaultdict
from itertools import pairwise
from typing import Any

from projections.database.engine import rows
from tests.support import given, then
from tests.support.office import Office

LEADS = 100_000
PAUSE = 0.2


def report(office: Office, campaign: str) -> Any:
    return office.api.get(f"/reports/campaigns/{campaign}").json


def settled(office: Office, campaign: str) -> Any:
    """The campaign's messages by status, once none is on its way."""
    by_status = report(office, campaign)["by_status"]
    return None if by_status["processing"] or by_status["queued"] else by_status


def due(office: Office, campaign: str) -> int:
    """How many messages of the campaign a broadcaster might claim, now or ever."""
    with office.container.database.transaction() as connection:
        (found,) = rows(
            connection,
            "SELECT count(due_at) FROM broadcast_messages WHERE campaign_id = %(id)s",
            id=campaign,
        )
    return int(found[0])


def test_a_hundred_thousand_are_held_and_then_keep_their_pace(office: Office) -> None:
    """Paused and resumed while a broadcaster works for two numbers. What another campaign sends
    meanwhile shows that the broadcaster is awake."""
    for name in ("Sales 1", "Sales 2"):
        office.device(name, (PAUSE, PAUSE))
    given.many_leads(office.container, 996)
    given.many_leads(office.container, 4, first=997, niche=["VIP"])
    given.crowd(office.container, LEADS - 1_000, first=1_001)
    offer = office.campaign(body="Offer")
    office.once("campaigner")
    assert due(office, offer) == LEADS

    with office.running("broadcaster") as broadcaster:
        then.soon(lambda: report(office, offer)["by_status"]["sent"] >= 4)
        assert office.api.post(f"/campaigns/{offer}/pause").status == 200
        assert due(office, offer) == 0
        held = then.soon(lambda: settled(office, offer))
        assert held["pending"] + held["sent"] == report(office, offer)["audience"] == LEADS

        office.campaign(body="News", niche=["VIP"])
        office.once("campaigner")
        then.soon(lambda: sum(asked.text == "News" for asked in office.gowa.asked) == 4)
        assert report(office, offer)["by_status"] == held

        assert office.api.post(f"/campaigns/{offer}/resume").status == 200
        then.soon(lambda: report(office, offer)["by_status"]["sent"] >= held["sent"] + 10)
        assert broadcaster.ends(signal.SIGTERM) == 0

    arrivals = defaultdict(list)
    for asked in office.gowa.asked:
        arrivals[asked.device].append(asked.arrived)
    assert sorted(arrivals) == ["Sales 1", "Sales 2"]
    for moments in arrivals.values():
        assert min(later - earlier for earlier, later in pairwise(moments)) >= PAUSE
    after = settled(office, offer)
    assert after["pending"] == due(office, offer) == LEADS - after["sent"]
    assert office.twice() == []
    assert then.gaps(office.container) == []
