""" "The provider's page says 950 were delivered, ours says 700. Which of them is right?" """

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from projections.database.engine import rows
from tests.scenarios.chatty_gowa import ChattyGowa
from tests.support import then
from tests.support.api.given import SECRET_KEY, phone
from tests.support.gateways.fake_gowa import CREDENTIALS, PASSWORD
from tests.support.gateways.fakes import serving as serving_fake
from tests.support.office import Office
from tests.support.serve import serving

LEADS = 1000
SECRET = "webhook-s3cret-of-the-server"
# Of every twentieth message nothing is ever heard.
DELIVERED, READ, REPLIED, OPTED_OUT = 950, 317, 140, 40
# Whoever writes back here is a person, be it at once.
PATIENT = {
    "gateway_timeout": 30,
    "lease_seconds": 60,
    "log_level": "DEBUG",
    "auto_reply_seconds": 0,
}


def number_of(digits: str) -> int:
    """Of the lead with that phone."""
    return int(digits[-7:])


def receipts(digits: str) -> list[str]:
    """Every third message that was delivered is read, of every ninth that is all that is said of
    it, and of every fourth everything is said twice."""
    number = number_of(digits)
    if number % 20 == 0:
        return []
    kinds = [] if number % 9 == 0 else ["delivered"]
    if number % 3 == 0:
        kinds.append("read")
    return kinds * (2 if number % 4 == 0 else 1)


def early(digits: str) -> bool:
    """Of every 25th message the receipts are there before the server's own answer."""
    return number_of(digits) % 25 == 7


def writes_back(digits: str) -> str | None:
    number = number_of(digits)
    if number % 25 == 1:
        return "STOP"
    return "Who is this?" if number % 10 == 3 else None


@pytest.fixture
def gowa() -> Iterator[ChattyGowa]:
    with serving_fake(ChattyGowa(SECRET, receipts, early)) as fake:
        yield fake


def newly_sent(office: Office, known: set[str]) -> set[str]:
    """The phones to which something was sent since the last look."""
    with office.container.database.transaction() as connection:
        found = rows(
            connection,
            "SELECT l.phone FROM broadcast_messages m JOIN leads l USING (lead_id)"
            " WHERE m.status = 'sent'",
        )
    new = {row.phone.removeprefix("+") for row in found} - known
    known |= new
    return new


def test_what_the_provider_says_is_what_the_report_says(
    office: Office, gowa: ChattyGowa, database_url: str, tmp_path: Path
) -> None:
    """1,000 people, two numbers behind one server, two processes that send and two that listen.
    While sending goes on, receipts come out of order, twice, and before the answers; people write
    back, and some want no more. Nobody's phone and no secret is in any log."""
    credentials = {**CREDENTIALS, "webhook_secret": SECRET}
    one = office.device("Sales 1", credentials=credentials)
    office.device("Sales 2", credentials=credentials)
    office.leads(LEADS)
    campaign = office.campaign()
    known: set[str] = set()

    def all_is_said_and_done() -> bool:
        for digits in sorted(newly_sent(office, known)):
            text = writes_back(digits)
            if text is not None:
                gowa.people_write(digits, text, times=1 + number_of(digits) % 2)
        said = gowa.talks(pool, at_once=100)
        database = office.container.database
        waiting = then.count(database, "early_receipts") + then.count(database, "inbound")
        return not (said or waiting) and len(known) == LEADS and office.is_done()

    with (
        ThreadPoolExecutor(4) as pool,
        serving(
            database_url,
            tmp_path,
            *("--workers", "2", "--threads", "4"),
            secret_key=SECRET_KEY,
            log_level="DEBUG",
        ) as server,
    ):
        gowa.where = (server.port, f"/webhooks/gowa/{one}")
        with office.running(**PATIENT) as first, office.running(**PATIENT) as second:
            for runner in (first, second):
                runner.says("runners.started")
            then.soon(all_is_said_and_done, 90)
            assert [runner.ends(signal.SIGTERM) for runner in (first, second)] == [0, 0]
        # Somebody who does not know the secret tries, too.
        gowa.secret = "guessed-s3cret"
        assert set(gowa.answers) == {200}
        gowa.people_write(phone(2).removeprefix("+"), "STOP", times=1)
        assert gowa.talks(pool, at_once=1) == 1
        assert gowa.answers[401] == 1
        assert server.ends(signal.SIGTERM) == 0
    heard = "\n".join([*first.lines, *second.lines, *server.lines])

    # What the server said, what the report says, and what the events say.
    gowa.told.discard((phone(2).removeprefix("+"), "STOP"))
    read = {digits for digits, what in gowa.told if what == "read"}
    delivered = {digits for digits, what in gowa.told if what == "delivered"} | read
    replied = {digits for digits, what in gowa.told if what in ("STOP", "Who is this?")}
    stopped = {digits for digits, what in gowa.told if what == "STOP"}
    assert len({asked.phone for asked in gowa.asked}) == len(gowa.asked) == LEADS
    assert [len(delivered), len(read)] == [DELIVERED, READ]
    assert [len(replied), len(stopped)] == [REPLIED, OPTED_OUT]

    report = office.api.get(f"/reports/campaigns/{campaign}").json
    assert (report["status"], report["audience"]) == ("finished", LEADS)
    assert report["by_status"]["sent"] == sum(report["by_status"].values()) == LEADS
    assert (report["delivered"], report["read"]) == (DELIVERED, READ)
    assert report["replied"] == REPLIED

    log = then.events(office.container)
    topics = [event.TOPIC for event in log]
    assert topics.count("message.sent") == LEADS
    assert (topics.count("message.delivered"), topics.count("message.read")) == (DELIVERED, READ)
    assert (topics.count("lead.replied"), topics.count("lead.opted_out")) == (REPLIED, OPTED_OUT)
    lead_id = office.container.outreach.lead_id
    out = {event.originator_id for event in log if event.TOPIC == "lead.opted_out"}
    assert out == {lead_id(f"+{digits}") for digits in stopped}
    marked = then.messages(office.container)
    assert {m.lead_id for m in marked if m.delivered_at} == {lead_id(f"+{d}") for d in delivered}
    assert {m.lead_id for m in marked if m.read_at} == {lead_id(f"+{d}") for d in read}
    # Also of those whose receipts were there before the answer.
    hurried = {lead_id(f"+{asked.phone}") for asked in gowa.asked if early(asked.phone)}
    assert len(hurried) == 40
    assert hurried <= {m.lead_id for m in marked if m.delivered_at}
    # It happened at the same time.
    last_sent = len(topics) - 1 - topics[::-1].index("message.sent")
    assert topics.index("message.delivered") < last_sent
    assert topics.index("lead.replied") < last_sent

    assert heard.count("audit.webhook_refused") == 1
    for secret in (SECRET, gowa.secret, PASSWORD, SECRET_KEY, str(office.api.key), "Lead ", "3EB0"):
        assert secret not in heard
    assert re.findall(r"6012\d{7}", heard) == []
    office.proves_itself()
