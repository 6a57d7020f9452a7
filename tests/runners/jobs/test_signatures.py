"""Deliveries are signed by Standard Webhooks: whoever has the secret knows whose they are."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from projections.config.settings import Settings
from projections.container import Container, utc_now
from projections.outbox import subscriptions
from projections.outbox.signatures import FORMER_HEADER
from projections.records import credentials
from runners.jobs.notifier import Notifier
from runners.support.clocks import SimulatedClock
from tests.runners.jobs.receiver import Announced, Receiver
from tests.support import given, then
from tests.support.api.given import SECRET_KEY

# As versions before this one made them.
OLD_SECRET = "mnCDPM4MllCL9RxGUnFfze2UPR__GPWsP9RIP2hqbF4"
DOCUMENT = Path(__file__).parents[3] / "docs" / "webhooks.md"
WRONG = "No matching signature found"


@pytest.fixture
def told() -> Callable[..., Any]:
    """The function that the documentation shows."""
    (lines,) = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(lines, names)  # noqa: S102 - ours
    function: Callable[..., Any] = names["told"]
    return function


@contextmanager
def opened(url: str, ago: timedelta = timedelta()) -> Iterator[Container]:
    """The application by the system's clock, ``ago`` before the present. A subscriber's library has
    no other clock."""
    settings = Settings(database_url=url, secret_key=SECRET_KEY)
    with Container(settings, lambda: utc_now() - ago) as container:
        yield container


def subscribes(container: Container, receiver: Receiver) -> tuple[UUID, str]:
    """The new subscription and its secret."""
    new_id = uuid4()
    with container.database.transaction() as connection:
        secret = subscriptions.create(
            connection,
            new_id,
            url=receiver.url,
            events=["lead.opted_out"],
            allow_http=False,
            secret_key=SECRET_KEY,
            now=container.outreach.clock(),
        )
    return new_id, secret


def rotates(container: Container, subscription: UUID) -> str:
    """The new secret."""
    with container.database.transaction() as connection:
        now = container.outreach.clock()
        return subscriptions.rotate(connection, subscription, SECRET_KEY, now)


def has_an_old_secret(container: Container, subscription: UUID) -> None:
    """As if an earlier version had made it."""
    ciphertext = credentials.encrypt({"secret": OLD_SECRET}, SECRET_KEY)
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE subscriptions SET ciphertext = %(ciphertext)s WHERE subscription_id = %(id)s",
            {"id": str(subscription), "ciphertext": ciphertext},
        )


def is_told(container: Container, receiver: Receiver, times: int = 1) -> Announced:
    """The last request, after another lead opted out and ``times`` were taken."""
    lead = given.lead(container, 1 + len(then.table(container, "leads")))
    container.outreach.opt_out(lead, "by phone", actor="api:test")
    assert Notifier(container).run_once() == times
    return receiver.got[-1]


def key_of(secret: str) -> bytes:
    """The 32 bytes that a subscriber's library makes of a new secret."""
    assert secret.startswith("whsec_")
    return b64decode(secret.removeprefix("whsec_"), validate=True)


def signed(announced: Announced, *keys: bytes) -> str:
    """The header that the specification describes."""
    headers = announced.headers
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + announced.body
    made = (b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode() for key in keys)
    return " ".join(f"v1,{signature}" for signature in made)


def test_a_subscriber_verifies_as_the_documentation_says(
    database_url: str, receiver: Receiver, told: Callable[..., Any]
) -> None:
    """With the library, in the lines of docs/webhooks.md; and only what Sendtrail told."""
    with opened(database_url) as container:
        _, secret = subscribes(container, receiver)
        got = is_told(container, receiver)

    assert told(got.body, got.headers, secret) == got.json
    with pytest.raises(WebhookVerificationError, match=WRONG):
        told(got.body.replace(b"lead.opted_out", b"lead.opted_in"), got.headers, secret)
    with pytest.raises(WebhookVerificationError, match=WRONG):
        told(got.body, {**got.headers, "webhook-id": str(uuid4())}, secret)
    with pytest.raises(WebhookVerificationError, match=WRONG):
        told(got.body, got.headers, "whsec_" + b64encode(bytes(32)).decode())


@pytest.mark.parametrize(
    ("ago", "refusal"), [(6, "Message timestamp too old"), (-6, "Message timestamp too new")]
)
def test_what_was_sent_six_minutes_ago_is_refused(
    database_url: str, receiver: Receiver, told: Callable[..., Any], ago: int, refusal: str
) -> None:
    """Who recorded a request cannot send it again later, and cannot make it younger."""
    with opened(database_url, timedelta(minutes=ago)) as container:
        _, secret = subscribes(container, receiver)
        got = is_told(container, receiver)

    with pytest.raises(WebhookVerificationError, match=refusal):
        told(got.body, got.headers, secret)
    now = str(int(utc_now().timestamp()))
    with pytest.raises(WebhookVerificationError, match=WRONG):
        told(got.body, {**got.headers, "webhook-timestamp": now}, secret)


def test_every_attempt_has_the_same_id_and_its_own_timestamp(
    container: Container, clock: SimulatedClock, receiver: Receiver
) -> None:
    """So that a late attempt is not refused as an old one."""
    _, secret = subscribes(container, receiver)
    receiver.answers = [500]
    is_told(container, receiver, times=0)
    clock.advance(seconds=8)

    assert Notifier(container).run_once() == 1

    first, second = receiver.got
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == first.json["id"]
    # Monday, 2 March 2026, 08:00 UTC.
    timestamps = [int(got.headers["webhook-timestamp"]) for got in receiver.got]
    assert timestamps == [1772438400, 1772438408]
    for got in receiver.got:
        assert got.headers["webhook-signature"] == signed(got, key_of(secret))


def test_the_former_header_is_keyed_by_the_text_of_the_secret(
    container: Container, receiver: Receiver
) -> None:
    """So whoever checks it goes on by pasting the new secret where the old one was."""
    _, secret = subscribes(container, receiver)

    got = is_told(container, receiver)

    digest = hmac.new(secret.encode(), got.body, hashlib.sha256).hexdigest()
    assert got.headers[FORMER_HEADER] == f"sha256={digest}"
    assert got.headers["X-Sendtrail-Delivery"] == got.headers["webhook-id"]


def test_a_secret_of_an_earlier_version_goes_on_working(
    database_url: str, receiver: Receiver
) -> None:
    """For the header of then, and as the documentation says for the new one."""
    with opened(database_url) as container:
        subscription, _ = subscribes(container, receiver)
        has_an_old_secret(container, subscription)
        got = is_told(container, receiver)

    digest = hmac.new(OLD_SECRET.encode(), got.body, hashlib.sha256).hexdigest()
    assert got.headers[FORMER_HEADER] == f"sha256={digest}"
    assert got.headers["webhook-signature"] == signed(got, OLD_SECRET.encode())
    assert Webhook(OLD_SECRET.encode()).verify(got.body, got.headers) == got.json
    assert "Webhook(secret.encode())" in DOCUMENT.read_text()


def test_two_secrets_sign_for_a_day_after_a_rotation(
    container: Container, clock: SimulatedClock, receiver: Receiver
) -> None:
    """A subscriber changes its secret when it likes. Then the former one is forgotten."""
    subscription, _ = subscribes(container, receiver)
    has_an_old_secret(container, subscription)
    secret = rotates(container, subscription)

    got = is_told(container, receiver)
    clock.advance(hours=23, minutes=59)
    late = is_told(container, receiver)
    clock.advance(minutes=1)
    later = is_told(container, receiver)

    for announced in (got, late):
        both = signed(announced, key_of(secret), OLD_SECRET.encode())
        assert announced.headers["webhook-signature"] == both
        digest = hmac.new(secret.encode(), announced.body, hashlib.sha256).hexdigest()
        assert announced.headers[FORMER_HEADER] == f"sha256={digest}"
    assert later.headers["webhook-signature"] == signed(later, key_of(secret))
    assert then.table(container, "former_secrets") == []


def test_a_second_rotation_ends_the_first_secret_at_once(
    container: Container, receiver: Receiver
) -> None:
    """What somebody does whose secret got about."""
    subscription, _ = subscribes(container, receiver)
    second, third = (rotates(container, subscription) for _ in range(2))

    got = is_told(container, receiver)

    assert got.headers["webhook-signature"] == signed(got, key_of(third), key_of(second))


def test_both_secrets_are_kept_encrypted(container: Container, receiver: Receiver) -> None:
    subscription, first = subscribes(container, receiver)
    second = rotates(container, subscription)

    (present,) = then.table(container, "subscriptions")
    (former,) = then.table(container, "former_secrets")
    kept = [bytes(row.ciphertext) for row in (present, former)]
    assert [container.secrets.read(each) for each in kept] == [
        {"secret": second},
        {"secret": first},
    ]
    assert all(each.startswith(b"gAAAA") for each in kept)
