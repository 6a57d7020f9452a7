"""GOWA: ``message``, ``message.edited``, ``message.ack`` and what is no reply.

Source: the project's docs/webhook-payload.md.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain import addresses
from domain.addresses import Address
from domain.inbound import ByHand, Ignored, Inbound, Noise, Receipt, ReceiptKind, Reply
from domain.lead.events import ReplyKind
from projections.intake.providers.payload import iso_instant, json_object, text, valid_id

RECEIPTS: dict[str, ReceiptKind] = {
    "delivered": "delivered",
    "read": "read",
    # Of a voice message or a video.
    "played": "read",
}
NO_REPLIES: dict[str, Ignored] = {
    "message.reaction": "reaction",
    "message.revoked": "deletion",
    "message.deleted": "deletion",
}
# Chats that are not with one person, by the end of their name.
TO_MANY: dict[str, Ignored] = {
    "@g.us": "group",
    "status@broadcast": "status",
    "@broadcast": "group",
    "@newsletter": "newsletter",
}
# The fields of a message that has no text, or one beside it.
MEDIA: dict[str, ReplyKind] = {
    "image": "image",
    "video": "video",
    "video_note": "video",
    "document": "document",
    "audio": "audio",
    "sticker": "sticker",
    "location": "location",
    "live_location": "location",
    "contact": "contact",
    "contacts_array": "contact",
}


def parse(payload: dict[str, Any], received_at: datetime) -> list[Inbound]:
    """The receipts, or the one other thing, in a webhook."""
    event, message = text(payload.get("event")), json_object(payload.get("payload"))
    to = _own(payload.get("device_id"))
    for end, why in TO_MANY.items():
        if text(message.get("chat_id")).endswith(end):
            return [Noise(why)]
    match event:
        case "message.ack":
            return _receipts(message, to)
        case "message" | "message.edited" if message.get("is_from_me") is True:
            return [_by_hand(message, to) if event == "message" else Noise("own_message")]
        case "message":
            return [_reply(message, to, "")]
        case "message.edited":
            original = valid_id(message.get("original_message_id"))
            return [_reply(message, to, original) if original else Noise("not_understood")]
        case _:
            return [Noise(NO_REPLIES.get(event, "not_understood"))]


def _receipts(message: dict[str, Any], to: str) -> list[Inbound]:
    kind, ids = RECEIPTS.get(text(message.get("receipt_type"))), message.get("ids")
    if kind is None or not isinstance(ids, list):
        return [Noise("not_understood")]
    recipient = _called(message.get("from"), message.get("from_lid"), message.get("chat_id"))
    return [
        Receipt(kind, provider_id=provider_id, recipient=recipient, to=to)
        for provider_id in map(valid_id, ids)
        if provider_id
    ]


def _reply(message: dict[str, Any], to: str, original: str) -> Inbound:
    provider_id = valid_id(message.get("id"))
    sender = _called(message.get("from"), message.get("from_lid"), message.get("chat_id"))
    if not sender or not provider_id:
        return Noise("not_understood")
    words = text(message.get("body"))
    media = next((name for name in MEDIA if message.get(name)), None)
    if media is None and not words.strip():
        return Noise("unsupported")
    if media is not None and not words:
        words = text(json_object(message.get(media)).get("caption"))
    return Reply(
        sender,
        words,
        provider_id,
        "text" if media is None else MEDIA[media],
        quoted=valid_id(message.get("replied_to_id")),
        edits=original,
        at=iso_instant(message.get("timestamp")),
        to=to,
    )


def _by_hand(message: dict[str, Any], to: str) -> Inbound:
    recipient = _called(message.get("chat_id"), message.get("chat_lid"))
    provider_id = valid_id(message.get("id"))
    if not recipient or not provider_id:
        return Noise("not_understood")
    return ByHand(recipient, provider_id, iso_instant(message.get("timestamp")), to)


def _called(*written: Any) -> tuple[Address, ...]:
    """What one person is called in these fields: the LID first. A field that names another number
    than one before it is left out."""
    found: dict[str, Address] = {}
    for value in written:
        for address in addresses.from_jid(value):
            found.setdefault(address.kind, address)
    return tuple(sorted(found.values(), key=lambda address: address.kind))


def _own(value: Any) -> str:
    """Our own number as GOWA writes it, without which of its devices it was."""
    user, at, server = text(value).partition("@")
    return f"{user.partition(':')[0]}{at}{server}"
