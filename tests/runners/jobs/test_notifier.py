"""Users' own systems are told what happens: signed, at least once, and never in the way."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from domain.webhook_events import TOPICS
from projections.config.settings import Settings
from projections.container import Container
from projections.outbox import deliveries, subscriptions
from projections.outbox.deliveries import MOST_ATTEMPTS
from projections.outbox.signatures import FORMER_HEADER
from projections.records.credentials import Reader
from runners.gateways.protocol import Accepted, Rejected, Unknown
from runners.jobs import notifier
from runners.jobs.notifier import Notifier
from runners.support.clocks import SimulatedClock
from tests.runners.jobs.receiver import Receiver, receiving
from tests.support import given, then, when
from tests.support.api.given import OTHER_KEY, SECRET_KEY
from tests.support.when import Phones


@pytest.fixture
def container(database_url: str, clock: SimulatedClock) -> Iterator[Container]:
    settings = Settings(database_url=database_url, secret_key=SECRET_KEY)
    with Container(settings, clock) as opened:
        yield opened


def subscribes(
    container: Container, receiver: Receiver, events: Sequence[str] = tuple(TOPICS), url: str = ""
) -> tuple[UUID, str]:
    """The new subscription and its secret."""
    new_id = uuid4()
    with container.database.transaction() as connection:
        secret = subscriptions.create(
            connection,
            new_id,
            url=url or receiver.url,
            events=events,
            allow_http=False,
            secret_key=SECRET_KEY,
            now=container.outreach.clock(),
        )
    return new_id, secret


def state(container: Container) -> Any:
    with container.database.transaction() as connection:
        (found,) = subscriptions.every(connection)
    return found


def campaign_is_sent(
    container: Container, clock: SimulatedClock, *answers: Any, leads: int = 1
) -> UUID:
    given.device(container)
    given.many_leads(container, leads, name="Aisyah")
    campaign = given.campaign(container, body="Hi {name}")
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock, *answers)))
    when.reaps(container)
    return campaign


def test_a_message_is_told_from_sent_to_read(
    container: Container, clock: SimulatedClock, receiver: Receiver
) -> None:
    """With its place in the log, all ids, and no personal data."""
    subscription, secret = subscribes(container, receiver)
    campaign = campaign_is_sent(container, clock, Accepted("3EB0"))
    message = then.message(container)
    when.receipt(container, message.message_id, "read")

    assert Notifier(container).run_once() == 4

    assert receiver.events == [
        "message.sent",
        "campaign.finished",
        "message.delivered",
        "message.read",
    ]
    first = receiver.ordered[0]
    numbers = [announced.json["number"] for announced in receiver.ordered]
    assert first.json == {
        "id": str(uuid5(subscription, str(numbers[0]))),
        "event": "message.sent",
        "number": numbers[0],
        "occurred_at": "2026-03-02T08:00:00Z",
        "data": {
            "message_id": str(message.message_id),
            "lead_id": str(message.lead_id),
            "device_id": str(message.device_id),
            "campaign_id": str(campaign),
            "sequence_id": None,
            "enrollment_id": None,
            "step": 0,
            "provider_id": "3EB0",
        },
    }
    assert first.headers["X-Sendtrail-Delivery"] == first.json["id"]
    assert first.headers["X-Sendtrail-Event"] == "message.sent"
    assert first.headers["User-Agent"].startswith("Sendtrail/")
    digest = hmac.new(secret.encode(), first.body, hashlib.sha256).hexdigest()
    assert first.headers[FORMER_HEADER] == f"sha256={digest}"
    # Not shorter: an id may have any four digits in it.
    phone = given.phone(1)[1:].encode()
    assert not any(b"Aisyah" in got.body or phone in got.body for got in receiver.got)
    assert Notifier(container).run_once() == 0


def test_each_gets_what_it_asked_for_from_then_on(
    container: Container, clock: SimulatedClock, receiver: Receiver
) -> None:
    """Not what happened before, and not what it did not ask for."""
    campaign_is_sent(container, clock, Rejected("131026", "no"), Unknown("?"), leads=3)
    subscribes(container, receiver, ["lead.replied", "lead.opted_out", "message.failed"])
    (unknown,) = then.messages(container, status="unknown")
    lead = container.outreach.lead_id(given.phone(1))
    when.replies(container, lead, "Stop", "in.1")
    outreach = container.outreach
    outreach.resolve_message(unknown.message_id, "failed", "never arrived", actor="api:boss")

    Notifier(container).run_once()

    assert receiver.events == ["lead.replied", "lead.opted_out", "message.failed"]
    assert receiver.ordered[0].json["data"]["text"] == "Stop"
    assert receiver.ordered[2].json["data"]["reason"] == "never arrived"


def test_what_fails_is_told_again_with_growing_pauses(
    container: Container, clock: SimulatedClock, receiver: Receiver
) -> None:
    """Under the same id, with the same body; a redirect is a failure too."""
    subscribes(container, receiver, ["message.sent"])
    campaign_is_sent(container, clock)
    receiver.answers = [500, 307]

    assert Notifier(container).run_once() == 0
    assert Notifier(container).run_once() == 0
    assert len(receiver.got) == 1
    clock.advance(seconds=8)
    assert Notifier(container).run_once() == 0
    assert state(container).last_error == "HTTP 307"
    clock.advance(seconds=8)
    assert len(receiver.got) == 2
    clock.advance(seconds=8)
    assert Notifier(container).run_once() == 1

    assert {got.body for got in receiver.got} == {receiver.got[0].body}
    assert (state(container).waiting, state(container).given_up) == (0, 0)


def test_what_fails_for_half_a_day_is_given_up_and_can_be_asked_for(
    container: Container, clock: SimulatedClock, receiver: Receiver
) -> None:
    """Nothing is lost: it says so, and a person may begin anew."""
    subscription, _ = subscribes(container, receiver, ["message.sent"])
    campaign_is_sent(container, clock)
    receiver.answers = [503] * MOST_ATTEMPTS

    for _ in range(MOST_ATTEMPTS + 3):
        Notifier(container).run_once()
        clock.advance(hours=2)

    assert len(receiver.got) == MOST_ATTEMPTS
    found = state(container)
    assert (found.waiting, found.given_up, found.last_error) == (0, 1, "HTTP 503")
    with container.database.transaction() as connection:
        deliveries.retry(connection, subscription, clock())
    assert Notifier(container).run_once() == 1


def test_one_that_hangs_does_not_stop_the_others(
    container: Container, clock: SimulatedClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time-out is a failure, and the pipeline knows nothing of all this."""
    monkeypatch.setattr(notifier, "RESPONSE_SECONDS", 5.0)
    receiver.hangs.set()
    subscribes(container, receiver, ["message.sent"])
    with receiving() as other:
        subscribes(container, other, ["message.sent"])
        campaign_is_sent(container, clock, leads=120)

        assert Notifier(container).run_once() == 120

        assert len({got.json["id"] for got in other.got}) == 120
    assert len(receiver.got) == notifier.AT_ONCE
    waiting = then.table(container, "deliveries")
    assert len(waiting) == 120
    assert {row.error for row in waiting} == {"no answer within 5 seconds", None}


def test_a_killed_notifier_tells_again_what_it_had_taken(
    container: Container, clock: SimulatedClock, receiver: Receiver
) -> None:
    """At least once: what was taken and not settled is due again after a while."""
    subscribes(container, receiver, ["message.sent"])
    campaign_is_sent(container, clock, leads=3)
    with container.database.transaction() as connection:
        deliveries.fan_out(connection, clock())
    with container.database.transaction() as connection:
        (found,) = subscriptions.every(connection)
        taken = deliveries.claim(connection, found, clock(), notifier.LEASE, 10)
    assert len(taken) == 3
    assert Notifier(container).run_once() == 0

    clock.advance(seconds=31)
    assert Notifier(container).run_once() == 3


def test_two_notifiers_tell_each_once(
    container: Container, clock: SimulatedClock, receiver: Receiver
) -> None:
    """Each takes what the other has not."""
    subscribes(container, receiver, ["message.sent"])
    campaign_is_sent(container, clock, leads=150)

    told = when.at_once(Notifier(container).run_once, Notifier(container).run_once)

    assert sum(told) == 150
    assert len(receiver.got) == len({got.json["id"] for got in receiver.got}) == 150


def test_a_url_in_clear_text_is_never_called(
    container: Container, clock: SimulatedClock, receiver: Receiver
) -> None:
    """However it got into the table."""
    subscribes(container, receiver, ["message.sent"], url="http://crm.example.com/hook")
    campaign_is_sent(container, clock)

    assert Notifier(container).run_once() == 0
    assert state(container).last_error == "its URL is not one to send this to"


def test_an_event_that_was_altered_stands_in_no_others_way(
    container: Container, clock: SimulatedClock, receiver: Receiver
) -> None:
    """It is reported, tried again like any other, and given up in the end."""
    subscribes(container, receiver, ["lead.replied", "message.sent"])
    campaign_is_sent(container, clock)
    lead = container.outreach.lead_id(given.phone(1))
    when.replies(container, lead, "Yes?", "in.1")
    with container.database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE stored_events DISABLE TRIGGER ALL")
        ((altered,),) = connection.exec_driver_sql(
            "UPDATE stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'),"
            " '\"sealed\":\"', '\"sealed\":\"AAAA'), 'UTF8')"
            " WHERE topic = 'lead.replied' RETURNING notification_id"
        ).all()

    assert Notifier(container).run_once() == 1

    assert receiver.events == ["message.sent"]
    reason = f"event {altered} cannot be read; see sendtrail audit verify"
    assert (state(container).waiting, state(container).last_error) == (1, reason)


def test_a_secret_that_cannot_be_read_ends_nobody(
    container: Container, clock: SimulatedClock, receiver: Receiver
) -> None:
    """Another key encrypted it: what there is to tell waits."""
    subscribes(container, receiver, ["message.sent"])
    campaign_is_sent(container, clock)
    container.secrets = Reader(OTHER_KEY)

    assert Notifier(container).run_once() == 0

    assert (receiver.got, state(container).waiting) == ([], 1)
