"""Requests as providers send them: what they say, and the proof of it."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from flask import Flask

from api.http.context import EXTENSION
from domain.device import Gateway
from domain.ids import digest_of
from projections.container import Container
from projections.records import credentials
from runners.gateways.protocol import Outcome
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api.client import Answer
from tests.support.api.given import SECRET_KEY
from tests.support.when import Phones

SECRET = "webhook-s3cret-16"
HEADER = "X-Hub-Signature-256"
FORM = "application/x-www-form-urlencoded"
GATEWAYS = ("gowa", "cloud", "wablas", "whacenter")
# Whacenter tells nothing of what it sent.
WITH_RECEIPTS = ("gowa", "cloud", "wablas")


def signature(body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {HEADER: f"sha256={digest}"}


def encoded(said: Any, content_type: str = "application/json") -> bytes:
    """``said`` is a JSON value, a form's fields, or raw bytes."""
    if isinstance(said, bytes):
        return said
    return (urlencode(said) if content_type == FORM else json.dumps(said)).encode()


def post(
    app: Flask,
    gateway: str,
    device: UUID,
    said: Any,
    *,
    secret: str | None = SECRET,
    path: str | None = None,
    query: str = "",
    headers: dict[str, str] | None = None,
    content_type: str = "application/json",
) -> Answer:
    """Without a secret nothing is signed. What is accepted is recorded at once."""
    body = encoded(said, content_type)
    signed = {} if secret is None else signature(body, secret)
    response = app.test_client().post(
        path or f"/webhooks/{gateway}/{device}",
        data=body,
        query_string=query,
        content_type=content_type,
        headers=signed if headers is None else headers,
    )
    if response.status_code == 200:
        when.receives(app.extensions[EXTENSION])
    return Answer(response.status_code, response.get_json())


ACCEPTED = Answer(200, {"accepted": True})


# What providers say


def receipt(gateway: str, kind: str, provider_id: str, **more: Any) -> dict[str, Any]:
    """Of one message, by the provider's id."""
    match gateway:
        case "gowa":
            payload = {"ids": [provider_id], "chat_id": "x", "receipt_type": kind, **more}
            return {"event": "message.ack", "device_id": "x", "payload": payload}
        case "cloud":
            return change(statuses=[{"id": provider_id, "status": kind, **more}])
        case _:
            return {"id": provider_id, "phone": "x", "status": kind, **more}


def reply(gateway: str, phone: str, text: str, provider_id: str = "", **more: Any) -> Any:
    """A person with that phone (E.164) wrote that."""
    digits = phone.removeprefix("+")
    match gateway:
        case "gowa":
            jid = f"{digits}@s.whatsapp.net"
            payload = {"id": provider_id, "chat_id": jid, "from": jid, "body": text}
            return {"event": "message", "payload": {**payload, "is_from_me": False, **more}}
        case "cloud":
            said = {"from": digits, "id": provider_id, "type": "text", "text": {"body": text}}
            return change(messages=[{**said, **more}])
        case "wablas":
            return {"id": provider_id, "phone": digits, "message": text, **more}
        case _:
            return {"id": provider_id, "from": digits, "message": text, **more}


def change(**value: Any) -> dict[str, Any]:
    """One change of the WhatsApp Cloud API in the shape it comes in."""
    told = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "1"}, **value}
    entry = {"id": "1", "changes": [{"field": "messages", "value": told}]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def kept(gateway: str, provider_id: str) -> str:
    """What we call it."""
    return digest_of(provider_id) if gateway == "cloud" else provider_id


# Given and when


def device(
    container: Container,
    gateway: str,
    *,
    secret: str = SECRET,
    name: str = "Sales",
    settings: dict[str, Any] | None = None,
    **secrets: str,
) -> UUID:
    """A device behind that gateway, online, as fast as it can be."""
    made = given.device(
        container,
        f"{name} on {gateway}",
        gateway=cast(Gateway, gateway),
        settings=settings or given.NEEDED[gateway][0],
    )
    secrets["app_secret" if gateway == "cloud" else "webhook_secret"] = secret
    with container.database.transaction() as connection:
        credentials.put(connection, made, secrets, SECRET_KEY, container.outreach.clock())
    return made


def hands_over(
    container: Container, clock: SimulatedClock, gateway: str, *answers: Outcome, **fields: Any
) -> list[Any]:
    """A campaign, to all leads unless told otherwise, is handed over to that gateway, which answers
    so; returns its messages."""
    campaign = given.campaign(container, **fields)
    when.triggers(container)
    sends(container, clock, gateway, *answers)
    return then.messages(container, campaign_id=campaign)


def sends(container: Container, clock: SimulatedClock, gateway: str, *answers: Outcome) -> None:
    """What is due is handed over to that gateway, which answers so."""
    when.looks(when.broadcaster(container, Phones(clock, *answers), name=gateway))
