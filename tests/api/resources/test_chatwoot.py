"""A subscription of the kind chatwoot: replies go there, and what agents type comes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from projections.container import Container
from runners.jobs.notifier import Notifier
from runners.support.clocks import SimulatedClock
from tests.support import then, when
from tests.support.api import given
from tests.support.api.client import Answer, Client
from tests.support.fake_chatwoot import ACCOUNT, INBOX, TOKEN, FakeChatwoot, chatting, typed
from tests.support.when import Phones

SETTINGS = {"account_id": ACCOUNT, "inbox_id": INBOX}
PHONE = given.phone(1)


@pytest.fixture
def desk() -> Iterator[FakeChatwoot]:
    """A Chatwoot server with one inbox."""
    with chatting() as found:
        yield found


def subscribes(administrator: Client, desk: FakeChatwoot, **fields: Any) -> dict[str, Any]:
    """The new subscription, with the secret that its webhooks need."""
    given_ = {"kind": "chatwoot", "url": desk.url, "settings": SETTINGS, "secret": TOKEN}
    made: dict[str, Any] = administrator.create("/subscriptions", {**given_, **fields})
    return made


def person(client: Client, **fields: Any) -> UUID:
    return UUID(given.lead(client, 1, **{"name": "Aisyah", **fields}))


def says(container: Container, lead_id: UUID, text: str, provider_id: str) -> int:
    """The person writes that, and the notifier runs; how many deliveries succeeded."""
    when.replies(container, lead_id, text, provider_id)
    return Notifier(container).run_once()


def agent_types(
    client: Client, subscription: dict[str, Any], body: Any, secret: str | None = None
) -> Answer:
    secret = subscription["secret"] if secret is None else secret
    return client.post(f"/chatwoot/{subscription['id']}?secret={secret}", body)


def test_a_person_has_one_contact_and_one_conversation(
    container: Container, administrator: Client, desk: FakeChatwoot
) -> None:
    """However often she writes; a reply without words is told of too."""
    given.device(administrator)
    subscription = subscribes(administrator, desk)
    lead_id = person(administrator)

    told = [says(container, lead_id, text, str(n)) for n, text in enumerate(("Hi", "When?", ""))]

    (contact,) = desk.contacts
    assert told == [1, 1, 1]
    assert (contact["name"], contact["phone_number"]) == ("Aisyah", PHONE)
    assert contact["identifier"] == str(lead_id)
    assert desk.conversations == {200: 100}
    assert desk.messages == [(200, "Hi"), (200, "When?"), (200, "[no text]")]
    status, shown = administrator.get(f"/subscriptions/{subscription['id']}")
    assert (status, shown["kind"], shown["settings"]) == (200, "chatwoot", SETTINGS)
    assert TOKEN not in str(shown)


def test_a_contact_that_is_there_already_is_that_person(
    container: Container, administrator: Client, desk: FakeChatwoot
) -> None:
    given.device(administrator)
    subscribes(administrator, desk)
    contact = desk.made_by_hand("Aisyah from the shop", PHONE)

    says(container, person(administrator), "Hi", "1")

    assert len(desk.contacts) == 1
    assert desk.conversations == {200: contact}


def test_a_conversation_that_was_deleted_there_begins_again(
    container: Container, administrator: Client, desk: FakeChatwoot
) -> None:
    given.device(administrator)
    subscribes(administrator, desk)
    lead_id = person(administrator)
    says(container, lead_id, "Hi", "1")
    desk.conversations = {999: 1}

    says(container, lead_id, "Still there?", "2")

    assert desk.messages == [(200, "Hi"), (201, "Still there?")]


def test_what_chatwoot_refuses_is_tried_again(
    container: Container, administrator: Client, desk: FakeChatwoot, clock: SimulatedClock
) -> None:
    """And says why until then."""
    given.device(administrator)
    subscription = subscribes(administrator, desk)
    desk.answers = [503]

    assert says(container, person(administrator), "Hi", "1") == 0
    waiting = administrator.get(f"/subscriptions/{subscription['id']}").json
    clock.advance(hours=1)
    assert Notifier(container).run_once() == 1

    assert (waiting["waiting"], waiting["last_error"]) == (1, "HTTP 503")
    assert desk.messages == [(200, "Hi")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"settings": None}, "settings"),
        ({"secret": None}, "secret"),
        ({"settings": {"account_id": 1}}, "settings"),
        ({"events": ["message.sent"]}, "events"),
        ({"kind": "webhook"}, "settings"),
        ({"kind": "smoke"}, "kind"),
    ],
)
def test_it_needs_its_settings_and_nothing_else(
    administrator: Client, change: dict[str, Any], field: str
) -> None:
    body = {"kind": "chatwoot", "url": "https://c.example", "settings": SETTINGS, "secret": TOKEN}

    status, refused = administrator.post("/subscriptions", {**body, **change})

    assert (status, field in refused["errors"]["json"]) == (422, True)


def test_its_end_forgets_its_conversations(
    container: Container, administrator: Client, desk: FakeChatwoot
) -> None:
    given.device(administrator)
    subscription = subscribes(administrator, desk)
    says(container, person(administrator), "Hi", "1")

    ended = administrator.open("DELETE", f"/subscriptions/{subscription['id']}")

    assert ended.status_code == 204
    for table in ("chatwoot_inboxes", "chatwoot_conversations", "chatwoot_messages"):
        assert then.count(container.database, table) == 0


def test_what_an_agent_types_goes_to_the_person_once(
    container: Container, administrator: Client, anybody: Client, desk: FakeChatwoot
) -> None:
    """As one text, in which a brace is a brace; and it counts as written by hand, so the sequence
    leaves the person to the agent."""
    device_id = given.device(administrator)
    subscription = subscribes(administrator, desk)
    given.sequence(administrator, stop_on_reply=False)
    lead_id = person(administrator, triggers=["COLD"])
    when.enrolls(container)
    says(container, lead_id, "Hi", "1")

    sent = agent_types(anybody, subscription, typed("It is {here}", 200))
    again = agent_types(anybody, subscription, typed("It is {here}", 200))

    assert (sent.status, again.status, again.json) == (200, 200, {"message_id": None})
    (message,) = administrator.items("/messages", status="pending")
    assert (message["id"], message["lead_id"]) == (sent.json["message_id"], str(lead_id))
    (by_hand,) = then.events(container, "lead.contacted_by_hand")
    assert (str(by_hand.device_id), by_hand.provider_id) == (device_id, "chatwoot:500")
    assert by_hand.actor == "webhook:chatwoot"
    (enrollment,) = administrator.items("/enrollments")
    assert (enrollment["status"], enrollment["reason"]) == ("stopped", "by_hand")
    phones = Phones(container.outreach.clock)
    when.looks(when.broadcaster(container, phones))
    assert phones.texts == ["It is {here}"]


def test_what_is_typed_for_a_past_of_a_person_goes_to_the_person(
    container: Container, administrator: Client, anybody: Client, desk: FakeChatwoot
) -> None:
    """The conversation is older than the word that two leads are one."""
    given.device(administrator)
    subscription = subscribes(administrator, desk)
    past, present = person(administrator), given.lead(administrator, 2)
    says(container, past, "Hi", "1")
    administrator.post(f"/leads/{present}/merge", {"with": str(past)})

    sent = agent_types(anybody, subscription, typed("Hello", 200))

    assert sent.status == 200, sent.json
    (message,) = administrator.items("/messages", status="pending")
    assert (message["id"], message["lead_id"]) == (sent.json["message_id"], present)


@pytest.mark.parametrize(
    "change",
    [
        {"message_type": "incoming"},
        {"private": True},
        {"event": "message_updated"},
        {"content": "  "},
        {"content": None},
        {"inbox": {"id": INBOX + 1}},
        {"account": {"id": ACCOUNT + 1}},
    ],
)
def test_only_what_is_for_the_person_is_sent(
    container: Container,
    administrator: Client,
    anybody: Client,
    desk: FakeChatwoot,
    change: dict[str, Any],
) -> None:
    given.device(administrator)
    subscription = subscribes(administrator, desk)
    says(container, person(administrator), "Hi", "1")

    told = agent_types(anybody, subscription, {**typed("Hello", 200), **change})

    assert (told.status, told.json) == (200, {"message_id": None})
    assert administrator.items("/messages") == []


def test_nothing_goes_to_whom_nobody_may_write(
    container: Container, administrator: Client, anybody: Client, desk: FakeChatwoot
) -> None:
    """Chatwoot shows the agent that the message failed; the same may be tried when she is back."""
    given.device(administrator)
    subscription = subscribes(administrator, desk)
    lead_id = person(administrator)
    says(container, lead_id, "STOP", "1")

    out = agent_types(anybody, subscription, typed("Please stay", 200))
    administrator.post(f"/leads/{lead_id}/opt-in", {"evidence": "rang us"})
    back = agent_types(anybody, subscription, typed("Please stay", 200))

    assert (out.status, out.json["errors"]) == (409, {"state": "opted_out"})
    assert (back.status, back.json["message_id"] is None) == (200, False)


def test_who_does_not_know_the_secret_sends_nothing(
    container: Container, administrator: Client, anybody: Client, desk: FakeChatwoot
) -> None:
    given.device(administrator)
    subscription = subscribes(administrator, desk)
    webhook = administrator.create("/subscriptions", {"url": "https://crm.example/hook"})
    says(container, person(administrator), "Hi", "1")

    body = typed("Hello", 200)
    wrong = [
        agent_types(anybody, subscription, body, "").status,
        agent_types(anybody, subscription, body, webhook["secret"]).status,
        agent_types(anybody, webhook, body).status,
        agent_types(anybody, {**subscription, "id": str(UUID(int=1))}, body).status,
    ]
    strange = agent_types(anybody, subscription, typed("Hello", 999))

    assert wrong == [403, 403, 403, 403]
    assert strange.status == 404
    assert administrator.items("/messages") == []
