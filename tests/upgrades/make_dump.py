"""Makes a dump of a database of this version, with data: ``python -m tests.upgrades.make_dump``.

It takes the URL of an empty database on PostgreSQL 15, on which the client programs of 15 are used,
and the file to write. README.md says when a dump is made.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from domain.topics import BY_TOPIC
from domain.trials import TrialResult
from projections.audit import checkpoints, hash_chain
from projections.config.settings import Settings
from projections.container import Container
from projections.outbox import deliveries, subscriptions
from projections.records import credentials
from runners.gateways.protocol import Rejected
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.support.api.given import SECRET_KEY, api_key
from tests.support.mixed import mixed_history
from tests.support.when import Phones

BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ADMIN = "api:admin"
# What a dump of PostgreSQL 15 has and a client that is not psql cannot run, or nobody needs.
_LEFT_OUT = re.compile(r"^(--.*|\\.*|SET (?!client_encoding|standard|check|client_min).*|)$")


def main(url: str, file: str) -> None:
    """Fill the database at ``url`` and write its dump to ``file``; print what tests must know."""
    clock = SimulatedClock(BEGIN)
    settings = Settings(database_url=url, secret_key=SECRET_KEY)
    with Container(settings, clock) as container:
        fill(container, clock)
        topics = {event.TOPIC for event in then.events(container)}
        assert topics == BY_TOPIC.keys(), BY_TOPIC.keys() - topics
        print("the clock:", clock().isoformat())
        print("messages:", then.statuses(container))
        print("events:", then.count(container.database))
    dumped = subprocess.run(
        ["pg_dump", "--inserts", "--rows-per-insert=1000", "--no-owner", "--no-privileges", url],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    lines = [line for line in dumped.splitlines() if not _LEFT_OUT.match(line)]
    Path(file).write_bytes(gzip.compress("\n".join(lines).encode() + b"\n", mtime=0))


def fill(container: Container, clock: SimulatedClock) -> None:
    """A day of an invented office, with every kind of event and a row in every table."""
    print("the key of crm:", api_key(container, "crm", "operator"))
    client = Client(application(container), api_key(container, "boss", "admin"))
    device = given.device(container, "Sales 2", gateway="gowa")
    with container.database.transaction() as connection:
        credentials.put(
            connection, device, {"password": "invented"}, SECRET_KEY, container.outreach.clock()
        )
        secret = subscriptions.create(
            connection,
            container.outreach.new_id(),
            "https://crm.example.com/hook",
            ["message.failed", "campaign.finished"],
            False,
            SECRET_KEY,
            clock(),
        )
    print("the secret of the subscription:", secret)
    mixed_history(container, clock)
    print("the checkpoint:", msgspec.json.encode(checkpoints.make(container.database, clock)))
    _seldom(container, clock, device)
    client.post("/leads", {"phone": given.phone(40), "name": "Yana"}, idempotency_key="import-40")
    ack = {"ids": ["wamid.early"], "receipt_type": "read"}
    when.tells(container, "gowa", device, {"event": "message.ack", "payload": ack})
    when.receives(container)
    hash_chain.extend(container.database, clock)
    with container.database.transaction() as connection:
        deliveries.fan_out(connection, clock())
    _under_way(container, clock, device)


def _seldom(container: Container, clock: SimulatedClock, device: UUID) -> None:
    """What ``mixed_history`` leaves out: an erasure, a campaign that is revised, finishes and is
    reopened, an enrollment that is completed, a device that is tested and changed."""
    outreach = container.outreach
    begun = outreach.begin_test(device, "+60120009999", timedelta(seconds=35), actor=ADMIN)
    accepted = TrialResult("accepted", provider_id="wamid.test")
    outreach.end_test(begun.event, accepted, "", actor=ADMIN)
    outreach.reconfigure_device(
        device, lambda configuration: given.changed(configuration, daily_limit=200), actor=ADMIN
    )
    given.many_leads(container, 3, first=31, niche=["VIP"], device_id=device)
    erased = outreach.lead_id(given.phone(32))
    given.sequence(container, "short", ["Only this"], first_delay_minutes=6)
    outreach.add_trigger(outreach.lead_id(given.phone(33)), "short", actor=ADMIN)
    when.enrolls(container)
    vip = given.campaign(container, name="VIP", niche=("VIP",), at=clock() + timedelta(minutes=5))
    outreach.revise_campaign(
        vip, lambda definition: given.changed(definition, body="Anew, {name|friend}"), actor=ADMIN
    )
    clock.advance(minutes=5)
    when.triggers(container)
    phones = Phones(clock, Rejected("131026", "not on WhatsApp"))
    when.plays(clock, 120, when.broadcaster(container, phones, "worker 3", "gowa"))
    when.reaps(container)
    outreach.erase_lead(erased, actor=ADMIN)
    (failed,) = then.messages(container, campaign_id=vip, status="failed")
    outreach.retry_message(failed.message_id, actor=ADMIN)


def _under_way(container: Container, clock: SimulatedClock, device: UUID) -> None:
    """A campaign of which a worker, who is gone, had claimed some and handed over some."""
    given.many_leads(container, 6, first=51, niche=["Late"], device_id=device)
    given.campaign(container, name="Late", niche=("Late",))
    when.triggers(container)
    gone = when.broadcaster(container, Phones(clock), "worker 4", "gowa")
    when.claims(gone)
    when.dispatches(gone)
    given.many_leads(container, 2, first=61, niche=["Late"], device_id=device)
    given.campaign(container, name="Last", niche=("Late",))
    when.triggers(container)
    when.claims(when.broadcaster(container, Phones(clock), "worker 5", "gowa"))


if __name__ == "__main__":
    main(*sys.argv[1:])
