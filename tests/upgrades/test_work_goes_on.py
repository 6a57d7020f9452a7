"""After the upgrade the runners go on where those of the version before stopped, and what was
promised before it still holds."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections import Counter
from datetime import timedelta
from uuid import UUID

from projections.container import Container
from projections.outbox.signatures import FORMER_HEADER
from runners.gateways.protocol import Accepted
from runners.jobs.notifier import Notifier
from runners.sending.worker import Broadcaster
from runners.support.clocks import SimulatedClock
from tests.projections.rebuild.live_tables import differences, execute, query
from tests.runners.jobs.receiver import receiving
from tests.support import then, when
from tests.support.when import Phones
from tests.upgrades import former
from tests.upgrades.former import SALES_1

SALES = "api:sales"


def worker(container: Container, clock: SimulatedClock) -> tuple[Broadcaster, Phones, Phones]:
    """A broadcaster of this version, the phones behind "Sales One" and those behind the others.
    The first message of "Sales One" gets the id that a receipt named before the upgrade."""
    gowa = Phones(clock, Accepted("3EB0-LATER"), *(Accepted(f"3EB1-{n}") for n in range(99)))
    sandbox = Phones(clock)
    one = Broadcaster(
        container,
        {"gowa": gowa, "sandbox": sandbox},
        worker="new worker",
        actor="runner:broadcaster:test",
        uniform=random.Random(1).uniform,
    )
    return one, gowa, sandbox


def counts(container: Container, owner: str) -> dict[str, int]:
    """The messages of the campaign or sequence of that name, by status and reason."""
    found = query(
        container,
        "SELECT concat_ws(': ', m.status, m.reason) FROM broadcast_messages m"
        " LEFT JOIN campaigns c USING (campaign_id) LEFT JOIN sequences s USING (sequence_id)"
        f" WHERE '{owner}' IN (c.name, s.name)",
    )
    return dict(Counter(row[0] for row in found))


def owner_id(container: Container, table: str, name: str) -> UUID:
    (found,) = [row[0] for row in then.table(container, table) if row.name == name]
    assert isinstance(found, UUID)
    return found


def texts(phones: Phones) -> list[str]:
    """Whom these phones sent what, the recipients by the last digits of their phones."""
    return sorted(f"{sent.phone[-2:]} {sent.content.body}" for sent in phones.sent)


def is_sound(container: Container) -> bool:
    return differences(container) == {} and then.gaps(container) == []


def test_leases_of_the_former_workers_are_ended(
    container: Container, clock: SimulatedClock
) -> None:
    """What they had claimed is free again, what they had handed over is unknown and not sent
    again, and nothing is ended before its time."""
    assert then.statuses(container) == {
        "sent": 56,
        "failed": 5,
        "unknown": 3,
        "cancelled": 34,
        "pending": 36,
        "processing": 10,
        "queued": 6,
    }
    # Four of a cancelled campaign; two of a stopped sequence, and the enrollment that they end.
    assert when.reaps(container) == 7
    assert counts(container, "Dropped") == {"cancelled: campaign_cancelled": 4}
    assert counts(container, "Stop later") == {"cancelled: sequence_cancelled": 2, "sent": 1}

    clock.advance(minutes=2)
    # Ten claims, six hand-overs, and the campaign whose only message that was.
    assert when.reaps(container) == 17

    assert counts(container, "Late") == {
        "pending": 3,
        "pending: lease ended": 6,
        "unknown: no answer in time": 5,
    }
    assert counts(container, "Half") == {"pending": 4, "pending: lease ended": 4}
    assert counts(container, "Solo") == {"unknown: no answer in time": 1}
    assert then.table(container, "leases") == []
    assert is_sound(container)


def test_campaigns_go_on_where_they_were(container: Container, clock: SimulatedClock) -> None:
    """One has a part of its audience, of another some were handed over: whoever was not sent it is
    sent it once, from the number that it was planned for."""
    clock.advance(minutes=2)
    when.reaps(container)
    one, gowa, sandbox = worker(container, clock)

    assert when.triggers(container) == 14
    when.plays(clock, 120, one)
    when.reaps(container)

    assert texts(gowa) == [
        "01 Half Aisyah",
        "02 Half Bala Krishnan",
        "02 Late, Bala Krishnan",
        "03 Half Chen",
        "03 Late, Chen",
        "04 Half Diana",
        "04 Late, Diana",
        "05 Half Zoë",
        "05 Late, Zoë",
        "06 Half Farid",
        "06 Late, Farid",
        "07 Half Gita",
        "07 Late, Gita",
        "09 Half Ivan",
        "09 Late, Ivan",
    ]
    assert texts(sandbox) == [
        "11 Half Kiran",
        "11 Late, Kiran",
        "12 Half Lim",
        "13 Half Maya",
        "15 Half Omar",
        "15 Late, Omar",
        "16 Half Priya",
        # The own number of these two is retired; the version before left them out.
        "17 Half Quah",
        "18 Half Rosli",
        "21 Half Umar",
        "22 Half Vani",
        '23 Half Wong "Joe" {x} \\ B, Jr',
        "24 Half Xin",
        "30 Half Yana",
    ]
    assert then.shortest_pause(gowa.moments) >= timedelta(seconds=5)
    # Two of "Half" wait for the device that is away.
    assert counts(container, "Half") == {"pending": 2, "sent": 20}
    assert counts(container, "Late") == {"sent": 9, "unknown: no answer in time": 5}
    campaigns = {row.name: row for row in then.table(container, "campaigns")}
    assert campaigns["Half"].excluded == {"opted_out": 2}
    assert {name: campaigns[name].status for name in ("Half", "Late", "Solo")} == {
        "Half": "triggered",
        "Late": "finished",
        "Solo": "finished",
    }
    assert is_sound(container)


def test_what_was_held_stays_held_until_it_is_let_go(
    container: Container, clock: SimulatedClock
) -> None:
    """A paused campaign and a paused sequence, each with messages that were released, deferred or
    are to be sent again; and what expired meanwhile is not sent."""
    one, _, sandbox = worker(container, clock)
    clock.advance(minutes=31)
    when.reaps(container)
    when.plays(clock, 60, one)
    assert counts(container, "On hold") == {
        "pending": 2,
        "pending: throttled": 1,
        "pending: worker stopped": 2,
    }
    assert counts(container, "Hold")["pending: worker stopped"] == 4
    assert counts(container, "Night watch") == {"cancelled: expired": 2}
    # Of a sequence that was paused and then ended: what was pending is sent.
    assert """23 Fade Wong "Joe" {x} \\ B, Jr: a 'b' "c"\nd,e {f} \\ %s 50 %""" in texts(sandbox)
    sandbox.sent.clear()

    container.outreach.resume_campaign(owner_id(container, "campaigns", "On hold"), actor=SALES)
    container.outreach.resume_sequence(owner_id(container, "sequences", "Hold"), actor=SALES)
    when.plays(clock, 60, one)

    # The step before that of 13 was sent minutes ago: this one keeps its distance.
    assert texts(sandbox) == [
        "11 Held again",
        "11 On hold, Kiran",
        "12 Held again",
        "12 On hold, Lim",
        "13 On hold, Maya",
        "15 On hold, Omar",
        "16 Held again",
        "16 On hold, Priya",
    ]
    assert is_sound(container)


def test_receipts_find_messages_of_before_and_after(
    container: Container, clock: SimulatedClock
) -> None:
    """By the provider's own ids: of a message that was sent before, and of one that this version
    sends, whose receipt came first."""
    one, _, _ = worker(container, clock)
    when.plays(clock, 120, one)
    assert then.message(container, provider_id="3EB0-LATER").read_at is None

    when.reaps(container)
    ack = {"ids": ["3EB0-4"], "receipt_type": "read"}
    when.tells(container, "gowa", SALES_1, {"event": "message.ack", "payload": ack})

    assert when.receives(container) == 1
    for provider_id in ("3EB0-LATER", "3EB0-4"):
        message = then.message(container, provider_id=provider_id)
        assert (message.delivered_at, message.read_at) == (clock(), clock())
    assert is_sound(container)


def test_subscribers_are_told_what_they_were_not_told(
    container: Container, clock: SimulatedClock
) -> None:
    """From where the version before had come in the log, signed with the same secret; what waits
    for its next try is told then, what was given up is not."""
    with receiving() as receiver:
        execute(container, f"UPDATE subscriptions SET url = '{receiver.url}'")
        Notifier(container).run_once()

        assert [(told.json["event"], told.json["number"]) for told in receiver.ordered] == [
            ("campaign.finished", 607),
            ("campaign.finished", 608),
            ("message.failed", 645),
        ]
        clock.advance(minutes=10)
        Notifier(container).run_once()

        assert [told.json["number"] for told in receiver.ordered] == [606, 607, 608, 645]
    for told in receiver.got:
        digest = hmac.new(former.SUBSCRIPTION_SECRET.encode(), told.body, hashlib.sha256)
        assert told.headers[FORMER_HEADER] == f"sha256={digest.hexdigest()}"
    (given_up,) = then.table(container, "deliveries")
    assert (given_up.notification_id, given_up.due_at) == (552, None)
