"""What providers tell of people, in the shapes of the WhatsApp Cloud API and of GOWA.

What both can tell has one name and the same arguments. ``at`` is an instant, which is told in whole
seconds; ``said`` is the provider's id of what is told.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from tests.support.api.webhooks import change
from tests.support.gateways.fake_cloud import PHONE_NUMBER_ID
from tests.support.numbers import CLOUD_DIGITS, GOWA_JID

Payload = dict[str, Any]


class Sender(NamedTuple):
    """How a provider names a person: by ``wa_id`` (digits), by ``other`` (the Cloud API's user id,
    or a LID), or by both."""

    wa_id: str | None
    other: str | None = None


class Cloud:
    """The WhatsApp Cloud API."""

    def text(
        self, who: Sender, words: str, said: str, at: datetime, quoted: str | None = None
    ) -> Payload:
        context = {} if quoted is None else {"context": {"from": CLOUD_DIGITS, "id": quoted}}
        return self._message(who, said, at, "text", {"body": words}, **context)

    def media(self, who: Sender, said: str, at: datetime) -> Payload:
        """A picture without words."""
        picture = {"id": "901", "mime_type": "image/jpeg", "sha256": "x"}
        return self._message(who, said, at, "image", picture)

    def button(self, who: Sender, words: str, said: str, at: datetime) -> Payload:
        """A button of a template was pressed, on which that stands."""
        return self._message(who, said, at, "button", {"payload": words, "text": words})

    def row(self, who: Sender, words: str, said: str, at: datetime) -> Payload:
        """A row of a list was chosen, in which that stands."""
        chosen = {"type": "list_reply", "list_reply": {"id": "row-1", "title": words}}
        return self._message(who, said, at, "interactive", chosen)

    def no_marketing(self, who: Sender, said: str, at: datetime) -> Payload:
        """The person used the platform's own switch."""
        wish = {
            "wa_id": who.wa_id,
            "detail": "User requested to stop marketing messages",
            "category": "marketing_messages",
            "value": "stop",
            "timestamp": _unix(at),
        }
        return _changed("user_preferences", contacts=[_contact(who)], user_preferences=[wish])

    def edit(self, who: Sender, words: str, original: str, said: str, at: datetime) -> Payload:
        now = {"type": "text", "text": {"body": words}}
        edited = {"original_message_id": original, "message": now}
        return self._message(who, said, at, "edit", edited)

    def deletion(self, who: Sender, deleted: str, said: str, at: datetime) -> Payload:
        """The platform tells of it as of something that it does not support."""
        errors = [{"code": 131051, "title": "Message type unknown"}]
        return self._message(who, said, at, "unsupported", {}, errors=errors)

    def thumb(self, who: Sender, under: str, said: str, at: datetime) -> Payload:
        reaction = {"message_id": under, "emoji": "\N{THUMBS UP SIGN}"}
        return self._message(who, said, at, "reaction", reaction)

    def in_group(self, who: Sender, words: str, said: str, at: datetime) -> Payload:
        return self._message(who, said, at, "text", {"body": words}, group_id="Y2FwaV9ncm91cDox")

    def elsewhere(self, who: Sender, words: str, said: str, at: datetime) -> Payload:
        """To another number of the app, which is none of ours."""
        payload = self.text(who, words, said, at)
        metadata = payload["entry"][0]["changes"][0]["value"]["metadata"]
        metadata["phone_number_id"] = "104000000000777"
        return payload

    def by_us(self, to: str, words: str, said: str, at: datetime) -> Payload:
        """Somebody wrote that to the person with the digits ``to`` from our own number."""
        echo = {"from": CLOUD_DIGITS, "to": to, "id": said, "timestamp": _unix(at)}
        echoes = [{**echo, "type": "text", "text": {"body": words}}]
        return _changed("smb_message_echoes", message_echoes=echoes)

    def new_number(self, who: Sender, digits: str, said: str, at: datetime) -> Payload:
        system = {
            "body": "User Somebody changed from one number to another",
            "wa_id": digits,
            "type": "user_changed_number",
        }
        message = {"from": who.wa_id, "id": said, "timestamp": _unix(at), "type": "system"}
        return _changed("messages", messages=[{**message, "system": system}])

    def receipt(
        self, who: Sender, kind: str, provider_id: str, at: datetime, code: int | None = None
    ) -> Payload:
        status = {
            "id": provider_id,
            "status": kind,
            "timestamp": _unix(at),
            "recipient_id": who.wa_id,
        }
        if who.other is not None:
            status["recipient_user_id"] = who.other
        if code is not None:
            status["errors"] = [{"code": code, "title": "Not delivered"}]
        return _changed("messages", statuses=[status])

    def _message(
        self, who: Sender, said: str, at: datetime, kind: str, content: Any, **more: Any
    ) -> Payload:
        message = {"id": said, "timestamp": _unix(at), "type": kind, **more}
        if content:
            message[kind] = content
        if who.wa_id is not None:
            message["from"] = who.wa_id
        if who.other is not None:
            message["from_user_id"] = who.other
        return _changed("messages", contacts=[_contact(who)], messages=[message])


class Gowa:
    """A GOWA server."""

    def text(
        self, who: Sender, words: str, said: str, at: datetime, quoted: str | None = None
    ) -> Payload:
        more = {} if quoted is None else {"replied_to_id": quoted, "quoted_body": "one"}
        return self._event("message", who, said, at, body=words, **more)

    def media(self, who: Sender, said: str, at: datetime) -> Payload:
        """A voice message."""
        return self._event("message", who, said, at, audio="statics/media/1.ogg")

    def edit(self, who: Sender, words: str, original: str, said: str, at: datetime) -> Payload:
        more = {"body": words, "original_message_id": original}
        return self._event("message.edited", who, said, at, **more)

    def deletion(self, who: Sender, deleted: str, said: str, at: datetime) -> Payload:
        more = {"revoked_message_id": deleted, "revoked_from_me": False}
        return self._event("message.revoked", who, said, at, **more)

    def thumb(self, who: Sender, under: str, said: str, at: datetime) -> Payload:
        more = {"reaction": "\N{THUMBS UP SIGN}", "reacted_message_id": under}
        return self._event("message.reaction", who, said, at, **more)

    def in_group(self, who: Sender, words: str, said: str, at: datetime) -> Payload:
        chat = {"chat_id": "120363402106000039@g.us"}
        return self._event("message", who, said, at, body=words, **chat)

    def elsewhere(self, who: Sender, words: str, said: str, at: datetime) -> Payload:
        """To another number of the server, which is none of ours."""
        return {**self.text(who, words, said, at), "device_id": "60377770041@s.whatsapp.net"}

    def by_us(self, to: str, words: str, said: str, at: datetime) -> Payload:
        """Somebody wrote that to the person with the digits ``to`` from our own number."""
        more = {"body": words, "from": GOWA_JID, "is_from_me": True}
        return self._event("message", Sender(to), said, at, **more)

    def receipt(self, who: Sender, kind: str, provider_id: str, at: datetime) -> Payload:
        jid = _jid(who)
        payload = {"ids": [provider_id], "chat_id": jid, "from": jid, "receipt_type": kind}
        told = {"event": "message.ack", "device_id": GOWA_JID, "timestamp": _rfc3339(at)}
        return {**told, "payload": payload}

    def _event(self, event: str, who: Sender, said: str, at: datetime, **more: Any) -> Payload:
        payload = {
            "id": said,
            "chat_id": _jid(who),
            "from": _jid(who),
            "from_name": "Somebody",
            "timestamp": _rfc3339(at),
            "is_from_me": False,
        }
        if who.wa_id is not None and who.other is not None:
            payload["from_lid"] = who.other
        return {"event": event, "device_id": GOWA_JID, "payload": {**payload, **more}}


def _changed(field: str, **value: Any) -> Payload:
    metadata = {"display_phone_number": CLOUD_DIGITS, "phone_number_id": PHONE_NUMBER_ID}
    payload = change(metadata=metadata, **value)
    payload["entry"][0]["changes"][0]["field"] = field
    return payload


def _contact(who: Sender) -> dict[str, Any]:
    names = {"wa_id": who.wa_id, "user_id": who.other}
    return {"profile": {"name": "Somebody"}, **{k: v for k, v in names.items() if v is not None}}


def _jid(who: Sender) -> str:
    return str(who.other) if who.wa_id is None else f"{who.wa_id}@s.whatsapp.net"


def _unix(at: datetime) -> str:
    return str(int(at.timestamp()))


def _rfc3339(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
