"""WhatsApp Cloud API: statuses, messages, echoes, preferences.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference.
A provider's id is kept as its digest, because it holds the phone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from domain import addresses
from domain.addresses import Address
from domain.ids import digest_of
from domain.inbound import (
    ByHand,
    Ignored,
    Inbound,
    Noise,
    Preference,
    Receipt,
    ReceiptKind,
    Renamed,
    Reply,
)
from domain.lead.events import ReplyKind
from projections.intake.providers.payload import (
    json_object,
    json_objects,
    own_id,
    text,
    unix_instant,
    valid_id,
)

RECEIPTS: dict[str, ReceiptKind] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
}
# The types of messages that are replies. Everything else is none, new types too.
REPLIES: dict[str, ReplyKind] = {
    "text": "text",
    "button": "button",
    "interactive": "interactive",
    "image": "image",
    "video": "video",
    "document": "document",
    "audio": "audio",
    "sticker": "sticker",
    "location": "location",
    "contacts": "contact",
}
NO_REPLIES: dict[str, Ignored] = {
    "reaction": "reaction",
    "revoke": "deletion",
    "system": "system",
    "unsupported": "unsupported",
}
# What a person may be called from now on, by the field of a system message.
RENAMED = ("user_changed_number", "customer_changed_number", "user_changed_user_id")


def parse(payload: dict[str, Any], received_at: datetime) -> list[Inbound]:
    """All that every change of every entry says, in its order."""
    items: list[Inbound] = []
    for entry in json_objects(payload.get("entry")):
        for change in json_objects(entry.get("changes")):
            value = json_object(change.get("value"))
            said = [item for name, read in _SAID if name in value for item in read(value)]
            items += said or [Noise("not_understood")]
    return items or [Noise("not_understood")]


def _number(value: dict[str, Any]) -> str:
    return text(json_object(value.get("metadata")).get("phone_number_id"))


def _receipts(value: dict[str, Any]) -> Iterator[Inbound]:
    to = _number(value)
    for status in json_objects(value.get("statuses")):
        kind = RECEIPTS.get(text(status.get("status")))
        wamid = valid_id(status.get("id"))
        if kind is None or not wamid:
            yield Noise("not_understood")
            continue
        code = next((text(error.get("code")) for error in json_objects(status.get("errors"))), "")
        yield Receipt(
            kind,
            own_id(status.get("biz_opaque_callback_data")),
            digest_of(wamid),
            code,
            _called(status.get("recipient_user_id"), status.get("recipient_id")),
            to,
        )


def _messages(value: dict[str, Any]) -> Iterator[Inbound]:
    for message in json_objects(value.get("messages")):
        yield _message(value, message)


def _message(value: dict[str, Any], message: dict[str, Any]) -> Inbound:
    kind, wamid, to = text(message.get("type")), valid_id(message.get("id")), _number(value)
    if message.get("group_id"):
        return Noise("group")
    sender = _sender(value, message)
    if not sender or not wamid:
        return Noise("not_understood")
    at = unix_instant(message.get("timestamp"))
    if kind == "system":
        return _renamed(json_object(message.get("system")), sender, to, at)
    original = ""
    if kind == "edit":
        edit = json_object(message.get("edit"))
        original = valid_id(edit.get("original_message_id"))
        message = {**message, **json_object(edit.get("message"))}
        kind = text(message.get("type"))
        if not original:
            return Noise("not_understood")
    if kind not in REPLIES:
        return Noise(NO_REPLIES.get(kind, "unsupported"))
    words, signals = _words(message, kind)
    quoted = valid_id(json_object(message.get("context")).get("id"))
    return Reply(
        sender,
        words,
        digest_of(wamid),
        REPLIES[kind],
        signals,
        digest_of(quoted) if quoted else "",
        digest_of(original) if original else "",
        at,
        to,
    )


def _echoes(value: dict[str, Any]) -> Iterator[Inbound]:
    """What somebody wrote in the app of the number itself."""
    for echo in json_objects(value.get("message_echoes")):
        wamid = valid_id(echo.get("id"))
        if echo.get("group_id"):
            yield Noise("group")
        elif (recipient := _called(echo.get("to_user_id"), echo.get("to"))) and wamid:
            at = unix_instant(echo.get("timestamp"))
            yield ByHand(recipient, digest_of(wamid), at, _number(value))
        else:
            yield Noise("not_understood")


def _preferences(value: dict[str, Any]) -> Iterator[Inbound]:
    for wish in json_objects(value.get("user_preferences")):
        sender, said = _called(wish.get("user_id"), wish.get("wa_id")), text(wish.get("value"))
        if not sender or said not in ("stop", "resume"):
            yield Noise("not_understood")
            continue
        evidence = text(wish.get("detail")) or f"preference: {said}"
        at = unix_instant(wish.get("timestamp"))
        yield Preference(sender, said == "stop", evidence, at, _number(value))


def _renamed(
    system: dict[str, Any], sender: tuple[Address, ...], to: str, at: datetime | None
) -> Inbound:
    if text(system.get("type")) not in RENAMED:
        return Noise("system")
    now_called = _called(
        system.get("user_id") or system.get("new_user_id"),
        system.get("wa_id") or system.get("new_wa_id"),
    )
    return Renamed(sender, now_called, to, at) if now_called else Noise("not_understood")


def _sender(value: dict[str, Any], message: dict[str, Any]) -> tuple[Address, ...]:
    """What the sender is called in the message, and in the contact that is meant by it."""
    called = _called(message.get("from_user_id"), message.get("from"))
    contacts = [
        _called(contact.get("user_id"), contact.get("wa_id"))
        for contact in json_objects(value.get("contacts"))
    ]
    for contact in contacts:
        same = set(contact) & set(called) or (not called and len(contacts) == 1)
        if same:
            return tuple(dict.fromkeys((*called, *contact)))
    return called


def _called(user_id: Any, wa_id: Any) -> tuple[Address, ...]:
    """The user id and the ``wa_id`` of a person, if they are any."""
    found = (addresses.user_id(user_id), addresses.wa_id(wa_id))
    return tuple(address for address in found if address is not None)


def _words(message: dict[str, Any], kind: str) -> tuple[str, tuple[str, ...]]:
    """The text, the title of what was pressed, or the caption; and what a button stands for."""
    content = json_object(message.get(kind))
    if kind == "interactive":
        content = json_object(content.get(text(content.get("type"))))
    words = (text(content.get(name)) for name in ("body", "text", "title", "caption"))
    signals = (text(content.get(name)) for name in ("payload", "id") if kind in PRESSED)
    return next(filter(None, words), ""), tuple(filter(None, signals))


PRESSED = ("button", "interactive")
# What a value may have, in the order in which it is recorded.
_SAID: tuple[tuple[str, Callable[[dict[str, Any]], Iterator[Inbound]]], ...] = (
    ("statuses", _receipts),
    ("messages", _messages),
    ("message_echoes", _echoes),
    ("user_preferences", _preferences),
)
