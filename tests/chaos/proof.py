"""What chaos runs and failover runs prove: the gateway's own log is compared with the events."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from uuid import UUID

from projections.rebuild.rebuild import rebuild
from tests.chaos.mix import Mix
from tests.chaos.traffic import Traffic
from tests.support import then
from tests.support.gateways.fake_gowa import TAKEN, Asked
from tests.support.office import Office

ENDED = ("sent", "failed", "unknown", "cancelled")
# What an acceptance may have become; a failed one would be a lie.
HONEST = ("sent", "unknown")

Log = Mapping[UUID, list[Asked]]


def prove(office: Office, traffic: Traffic) -> tuple[dict[str, object], list[str]]:
    """The figures, and what is wrong: nothing, if all is well."""
    log, faults = _by_message(office, traffic.mix)
    retries = Counter(
        event.originator_id
        for event in then.events(office.container, "message.resolved")
        if event.resolution == "retried" and event.actor.startswith("api:")
    )
    hand_overs = Counter(
        event.originator_id for event in then.events(office.container, "message.queued")
    )
    messages = {row.message_id: row for row in then.messages(office.container)}

    duplicates = 0
    for message_id, asked in log.items():
        took = sum(one.kind in TAKEN for one in asked)
        extra = took - 1 - retries[message_id]
        if extra > 0:
            duplicates += extra
            faults.append(f"{message_id} was taken {took} times, {retries[message_id]} retries")
        if len(asked) > hand_overs[message_id]:
            faults.append(f"{message_id} was asked for more often than it was handed over")
    for message_id, row in messages.items():
        faults += _dishonest(row, log.get(message_id, []), retries[message_id])
    planned = [row for row in messages.values() if row.campaign_id != traffic.mix.called_back]
    lost = traffic.scheduled - sum(row.status in ENDED for row in planned)
    if lost:
        faults.append(f"{lost} messages have not ended: {dict(office.counts())}")
    gaps = len(then.gaps(office.container))
    if gaps:
        faults.append(f"{gaps} streams have gaps")
    faults += [
        f"{table}: {difference}"
        for table, difference in rebuild(office.container.database).items()
        if difference
    ]
    faults += [*_too_fast(office, traffic.pauses), *traffic.mix.faults(log)]
    counts = office.counts()
    pauses = then.events(office.container, "campaign.paused")
    return {
        "hand-overs": hand_overs.total(),
        "taken": len(office.gowa.taken),
        "duplicates": duplicates,
        "lost": lost,
        **{status: counts[status] for status in ENDED if counts[status]},
        "resolved as retry": retries.total(),
        "brakes": sum(event.reason == "brake" for event in pauses),
    }, faults


def _by_message(office: Office, mix: Mix) -> tuple[Log, list[str]]:
    """The gateway's log, by the message that phone and text stand for, and what stands for none."""
    with office.container.database.transaction() as connection:
        found = connection.exec_driver_sql(
            "SELECT m.message_id, m.campaign_id, m.lead_id, substr(l.phone, 2),"
            " coalesce(c.definition ->> 'body', s.definition -> 'steps' -> (m.step - 1) ->> 'body',"
            " w.body)"
            " FROM broadcast_messages m JOIN leads l USING (lead_id)"
            " LEFT JOIN campaigns c USING (campaign_id)"
            " LEFT JOIN sequences s USING (sequence_id)"
            " LEFT JOIN composed_messages w USING (message_id)"
        ).all()
    ids = {
        (phone, mix.body(campaign_id, lead_id) or body): message_id
        for message_id, campaign_id, lead_id, phone, body in found
    }
    log: dict[UUID, list[Asked]] = defaultdict(list)
    faults = []
    for asked in office.gowa.asked:
        message_id = ids.get((asked.phone, asked.text))
        if message_id is not None:
            log[message_id].append(asked)
        elif asked.phone not in mix.tests:
            faults.append(f"a phone was sent {asked.text!r}, of which there is no message")
    return log, faults


def _dishonest(row: Any, asked: list[Asked], retries: int) -> list[str]:
    """Whether what we say of a message is not what the gateway did with it."""
    accepted = sum(one.kind == "accept" for one in asked)
    if row.status == "sent" and not accepted:
        return [f"{row.message_id} is said to be sent, but was never accepted"]
    if accepted and row.status not in HONEST and not retries:
        return [f"{row.message_id} was accepted, and is said to be {row.status}"]
    if row.status == "failed" and sum(one.kind in TAKEN for one in asked) > retries:
        return [f"{row.message_id} may have been taken, and is said to have failed"]
    return []


def _too_fast(office: Office, pauses: Mapping[str, float]) -> list[str]:
    """Devices that sent sooner than their pause allows, by the times of arrival."""
    arrivals: dict[str, list[float]] = defaultdict(list)
    for asked in office.gowa.asked:
        arrivals[asked.device].append(asked.arrived)
    return [
        f"{device}: {later - earlier:.3f} s between two, its pause is {pauses[device]} s"
        for device, moments in arrivals.items()
        for earlier, later in pairwise(sorted(moments))
        if later - earlier < pauses[device]
    ]
