"""What the pages are measured on: a house that has worked for some weeks.

Ten messages for each lead: four campaigns that were sent to all of them, a fifth of which a fifth
part was sent, and a sequence of five steps that all are in. Some people wrote back, of whom some
want nothing more. Two more campaigns to everybody are written: one is planned, one is a draft.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
from sqlalchemy import Connection

from benchmarks.contenders.sendtrail_workers import BroadcasterTask, RunnerTask
from benchmarks.harness import seed_data, worker_pool
from benchmarks.harness.installation import settings
from domain import segments
from domain.addresses import Address
from domain.campaign.variants import Variant
from domain.inbound import Reply
from projections.container import Container
from projections.records import inbox
from runners.jobs.reaper import Reaper
from runners.jobs.receiver import Receiver

# The texts of the first campaign.
VARIANTS = (
    Variant(name="short", body="{name|Hello}, 20 % off.", share=0.5),
    Variant(name="long", body="{name|Hello}, this week only: 20 % off.", share=0.5),
)
# Campaigns that were sent to all, and what lies between the beginnings of two campaigns.
SENT = 4
WEEK = timedelta(weeks=1)
# Messages for each lead.
EACH = SENT + 1 + len(seed_data.STEPS)
# Of the leads one in so many has the latest campaign; one in so many wrote back, and of these one
# in so many that he wants nothing more.
STARTED, WROTE, SAYS_NO = 5, 50, 10
# Long ahead, so that it stays planned.
PLANNED_FOR = datetime(2100, 3, 1, 8, 0, tzinfo=UTC)


def fill(url: str, leads: int) -> None:
    """Let all of that happen in a database that has so many leads, devices, and nothing else."""
    for week in range(SENT + 1):
        with Container(settings(url)) as container:
            offer = seed_data.offer(seed_data.DUE_AT + week * WEEK)
            if not week:
                offer = msgspec.structs.replace(offer, body=VARIANTS[0].body, variants=VARIANTS)
            container.outreach.schedule_campaign(offer, actor=seed_data.ACTOR)
        worker_pool.run([RunnerTask(url, "campaigner", leads)], leads)
        if week < SENT:
            worker_pool.run([BroadcasterTask(url)], leads)
        else:
            worker_pool.run([BroadcasterTask(url)], leads // STARTED, exact=False)
    with Container(settings(url)) as container:
        seed_data.activate_sequence(container)
    steps = leads * len(seed_data.STEPS)
    worker_pool.run([RunnerTask(url, "enroller", steps)], steps)
    with Container(settings(url)) as container:
        # Whatever was sent whole is finished.
        Reaper(container, seed_data.ACTOR).run_once()
        _hear(container, leads)
        container.outreach.schedule_campaign(seed_data.offer(PLANNED_FOR), actor=seed_data.ACTOR)
        container.outreach.draft_campaign(seed_data.offer(None), actor=seed_data.ACTOR)
        city = ("attribute.city", "eq", "Ipoh")
        segment = segments.check("Ipoh", {"all": [city, ("opted_out", "eq", False)]})
        container.outreach.save_segment(segment, actor=seed_data.ACTOR)


def _hear(container: Container, leads: int) -> None:
    """Let some write back."""
    said = [
        Reply((Address("wa_id", f"6012{number:07d}"),), _words(number), f"reply.{number}")
        for number in range(0, leads, WROTE)
    ]
    now = container.outreach.clock()
    with container.database.transaction() as connection:
        for reply in said:
            inbox.put_items(connection, uuid4(), "sandbox", [reply], now)
    heard = Receiver(container).run_once()
    assert heard == len(said), f"{heard} of {len(said)} replies recorded"


def _words(number: int) -> str:
    return "STOP" if number % (WROTE * SAYS_NO) == 0 else "How much is it?"


# What was sent whole, what is under way, and one of each other; what was said no to is left out.
_IDS = """
WITH sent AS (
    SELECT campaign_id FROM campaigns ORDER BY scheduled_at LIMIT 1
), lead AS (
    SELECT l.lead_id, l.phone FROM leads l
    WHERE l.replied_at IS NOT NULL AND l.opted_out_at IS NULL ORDER BY l.lead_id LIMIT 1
)
SELECT lead.lead_id, '%%2B' || substr(lead.phone, 2) AS phone, sent.campaign_id AS sent_id,
    (SELECT message_id FROM broadcast_messages m
     WHERE m.campaign_id = sent.campaign_id AND m.lead_id = lead.lead_id) AS message_id,
    (SELECT device_id FROM broadcast_messages m
     WHERE m.campaign_id = sent.campaign_id AND m.lead_id = lead.lead_id) AS device_id,
    (SELECT campaign_id FROM campaigns WHERE status IN ('triggered', 'finished')
     ORDER BY scheduled_at DESC LIMIT 1) AS started_id,
    (SELECT campaign_id FROM campaigns WHERE status = 'pending') AS planned_id,
    (SELECT campaign_id FROM campaigns WHERE status = 'draft') AS draft_id,
    (SELECT sequence_id FROM sequences) AS sequence_id,
    (SELECT segment_id FROM segments) AS segment_id
FROM lead, sent
"""


NAMES = (
    "lead_id",
    "phone",
    "message_id",
    "device_id",
    "sent_id",
    "started_id",
    "planned_id",
    "draft_id",
    "sequence_id",
    "segment_id",
)


def ids(connection: Connection) -> Mapping[str, str]:
    """By each of ``NAMES`` the id of one, which is as large as any."""
    [row] = connection.exec_driver_sql(_IDS)
    return {name: str(getattr(row, name)) for name in NAMES}
