"""What providers say, however odd it is: nothing is raised, and nobody is taken for another."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.addresses import Address
from domain.ids import digest_of
from domain.inbound import ByHand, Inbound, Noise, Preference, Receipt, Renamed, Reply
from projections.intake.providers import PARSERS
from projections.records.inbox import _decode_items, _encode
from tests.api.webhooks import malformed
from tests.support import cases
from tests.support.api import webhooks
from tests.support.samples import utc

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
GATEWAYS = sorted(PARSERS)
DIGITS = "60120000001"
WA_ID, LID = Address("wa_id", DIGITS), Address("lid", "251556360000035@lid")
USER = Address("user_id", "MY.1349120865530200006")


def parsed(gateway: str, payload: Any) -> list[Inbound]:
    """Always some items, which can be kept as JSON until they are recorded, and the same again."""
    items = PARSERS[gateway](payload, NOW)
    assert items
    assert _decode_items(_encode(items)) == items
    assert PARSERS[gateway](payload, NOW) == items
    return items


@pytest.mark.parametrize("gateway", GATEWAYS)
@settings(max_examples=300, deadline=None)
@given(payload=st.dictionaries(st.sampled_from(malformed.NAMES), malformed.JSON))
def test_any_object_gives_items(gateway: str, payload: dict[str, Any]) -> None:
    """Made of the words that providers use, in places where they do not."""
    for item in parsed(gateway, payload):
        if isinstance(item, Reply):
            assert 0 < len(item.provider_id) <= 500
            assert len(item.text) <= 10_000


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_something_odd_in_every_place_of_what_is_real(gateway: str) -> None:
    of_cases = [case for case in cases.lines("webhooks.jsonl") if case["gateway"] == gateway]
    real = [case["payload"] for case in of_cases if "payload" in case]
    real.append(webhooks.reply(gateway, "+60120000001", "Hi", "3EB0"))
    kinds = set()
    for payload in real:
        for wrong in malformed.variants(payload):
            kinds |= {type(item) for item in parsed(gateway, wrong)}
    assert {Reply, Noise} <= kinds


def gowa(event: str = "message", **fields: Any) -> list[Inbound]:
    jid = f"{DIGITS}@s.whatsapp.net"
    said = {"id": "3EB0", "chat_id": jid, "from": jid, "body": "STOP", "is_from_me": False}
    payload = {"event": event, "device_id": "60111@s.whatsapp.net", "payload": {**said, **fields}}
    return parsed("gowa", payload)


def cloud(**value: Any) -> list[Inbound]:
    return parsed("cloud", webhooks.change(**value))


def text(**fields: Any) -> dict[str, Any]:
    return {"id": "wamid.1", "type": "text", "text": {"body": "Hi"}, "timestamp": "1772438400"} | (
        fields
    )


@pytest.mark.parametrize(
    ("chat", "why"),
    [
        ("120363000000000000@g.us", "group"),
        ("status@broadcast", "status"),
        ("1772438400@broadcast", "group"),
        ("1203@newsletter", "newsletter"),
    ],
)
@pytest.mark.parametrize("event", ["message", "message.edited", "message.ack"])
def test_what_is_written_to_many_is_not_to_us(chat: str, why: str, event: str) -> None:
    """Neither their STOP nor ours."""
    for is_from_me in (False, True):
        assert gowa(event, chat_id=chat, is_from_me=is_from_me) == [Noise(why)]


def test_a_group_of_the_cloud_is_none_of_us() -> None:
    said = text(**{"from": DIGITS, "group_id": "G1"})
    assert cloud(messages=[said], contacts=[{"wa_id": DIGITS}]) == [Noise("group")]
    assert cloud(message_echoes=[{**said, "to": DIGITS}]) == [Noise("group")]


def test_both_names_of_a_person_and_what_is_quoted() -> None:
    (reply,) = gowa(
        **{"from": f"{DIGITS}:12@s.whatsapp.net in {LID.value}", "replied_to_id": "3EB0OURS"}
    )
    assert isinstance(reply, Reply)
    assert set(reply.sender) == {WA_ID, LID}
    assert reply.quoted == "3EB0OURS"

    (reply,) = cloud(
        messages=[
            text(**{"from": DIGITS, "from_user_id": USER.value, "context": {"id": "wamid.O"}})
        ]
    )
    assert isinstance(reply, Reply)
    assert set(reply.sender) == {WA_ID, USER}
    assert reply.quoted == digest_of("wamid.O")
    assert reply.at == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_two_people_in_one_name_are_nobody() -> None:
    """A field that contradicts itself names no one; a STOP is not given to either."""
    (item,) = gowa(
        **{"from": "60120000001@s.whatsapp.net in 60120000002@s.whatsapp.net", "chat_id": ""}
    )
    assert item == Noise("not_understood")


CONTACTS = [
    {"wa_id": "60120000002", "user_id": "MY.2"},
    {"user_id": "MY.3"},
    {"wa_id": DIGITS, "user_id": "MY.1"},
]


def test_of_many_contacts_each_sender_has_its_own() -> None:
    """By either of its two names, in whatever order; who is in none of them has only what the
    message says."""
    messages = [
        text(**{"from": DIGITS}),
        text(from_user_id="MY.3"),
        text(**{"from": "60120000002"}),
        text(from_user_id="MY.1"),
        text(**{"from": "60120000009"}),
    ]

    found = [set(item.sender) for item in cloud(messages=messages, contacts=CONTACTS)]

    one = {Address("wa_id", DIGITS), Address("user_id", "MY.1")}
    two = {Address("wa_id", "60120000002"), Address("user_id", "MY.2")}
    assert found == [
        one,
        {Address("user_id", "MY.3")},
        two,
        one,
        {Address("wa_id", "60120000009")},
    ]


def test_a_message_without_a_sender_is_that_of_the_only_contact_and_of_no_other() -> None:
    (reply,) = cloud(messages=[text()], contacts=CONTACTS[:1])
    assert set(reply.sender) == {Address("wa_id", "60120000002"), Address("user_id", "MY.2")}
    assert cloud(messages=[text()], contacts=CONTACTS) == [Noise("not_understood")]


def test_two_messages_without_a_sender_are_not_both_of_the_only_contact() -> None:
    """One contact, and two messages: one names another sender, whose user id it is not."""
    messages = [text(**{"from": "60120000009"}), text(**{"from": DIGITS})]
    found = [set(i.sender) for i in cloud(messages=messages, contacts=[CONTACTS[2]])]
    assert found == [{Address("wa_id", "60120000009")}, {WA_ID, Address("user_id", "MY.1")}]


def test_changes_of_several_numbers_in_one_webhook_keep_their_own() -> None:
    first, second = (
        webhooks.change(
            messages=[text(**{"from": DIGITS})],
            contacts=[{"wa_id": DIGITS, "user_id": f"MY.{n}"}],
            metadata={"phone_number_id": f"P{n}"},
        )
        for n in (1, 2)
    )
    items = parsed("cloud", {"entry": [*first["entry"], *second["entry"]]})
    assert [(item.to, item.sender[-1].value) for item in items] == [("P1", "MY.1"), ("P2", "MY.2")]


@pytest.mark.parametrize(
    "at", [None, "", "yesterday", -1, 1e300, "9" * 30, [], True, "99999999999"]
)
def test_an_instant_that_is_none_is_not_guessed(at: Any) -> None:
    """Or it is one that can be reckoned with."""
    for item in cloud(messages=[text(**{"from": DIGITS, "timestamp": at})]) + gowa(timestamp=at):
        assert isinstance(item, Reply)
        assert item.at is None or item.at.year < 9999


def test_what_is_typed_on_the_phone_is_by_hand_and_its_edit_is_not() -> None:
    assert gowa(is_from_me=True) == [ByHand((WA_ID,), "3EB0", None, "60111@s.whatsapp.net")]
    assert gowa("message.edited", is_from_me=True, original_message_id="3EB1") == [
        Noise("own_message")
    ]
    (echo,) = cloud(message_echoes=[{"id": "wamid.9", "to": DIGITS, "type": "text"}])
    assert isinstance(echo, ByHand)
    assert echo.recipient == (WA_ID,)


def test_a_status_names_its_recipient_and_its_code() -> None:
    status = {"id": "wamid.1", "status": "failed", "recipient_id": DIGITS}
    more = {"recipient_user_id": USER.value, "errors": [{"code": 131050}]}
    (receipt,) = cloud(statuses=[{**status, **more}])
    assert isinstance(receipt, Receipt)
    assert (receipt.kind, receipt.code, set(receipt.recipient)) == (
        "failed",
        "131050",
        {WA_ID, USER},
    )


def test_wishes_of_the_platform_and_new_numbers() -> None:
    wishes = [
        {"wa_id": DIGITS, "value": v, "timestamp": 1772438400} for v in ("stop", "resume", "x")
    ]
    stop, resume, odd = cloud(user_preferences=wishes)
    assert isinstance(stop, Preference)
    assert isinstance(resume, Preference)
    assert (stop.stop, resume.stop, odd) == (True, False, Noise("not_understood"))
    system = {"type": "user_changed_number", "wa_id": "60120000009"}
    (renamed,) = cloud(messages=[text(**{"from": DIGITS, "type": "system", "system": system})])
    assert renamed == Renamed(
        (WA_ID,), (Address("wa_id", "60120000009"),), "1", utc(2026, 3, 2, 8, 0)
    )
