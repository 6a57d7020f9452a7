"""Subscriptions: a user's own systems, which are told what happens."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from api.schemas.fields import URL, Flag, Items, Text, Whole, note, shown_once
from domain.webhook_events import TOPICS
from projections.outbox import chatwoot

ID = validate.Range(1, 2**62)


KINDS = ("webhook", chatwoot.KIND)


class ChatwootInbox(Schema):
    account_id = Whole(required=True, validate=ID, metadata=note("as in its addresses"))
    inbox_id = Whole(required=True, validate=ID, metadata=note("of an inbox of the kind API"))


class NewSubscription(Schema):
    kind = fields.String(
        load_default="webhook",
        validate=validate.OneOf(KINDS),
        metadata=note("chatwoot: replies are handed to an inbox there"),
    )
    url = Text(
        required=True,
        validate=URL,
        metadata=note(
            "https, or http to this machine; no private host that the server does not allow; of"
            " chatwoot the server's"
        ),
    )
    settings = fields.Nested(
        ChatwootInbox, load_default=None, metadata=note("of chatwoot, which needs them")
    )
    secret = Text(
        load_default=None,
        load_only=True,
        validate=validate.Regexp(
            r"[!-~]{1,1000}\Z", error="Expected up to 1,000 visible characters of ASCII."
        ),
        metadata=note("of chatwoot, which needs it: the API access token of an agent; write-only"),
    )
    allow_http = Flag(load_default=False, metadata=note("clear text over the network is all right"))
    events = Items(
        Text(validate=validate.OneOf(sorted(TOPICS))),
        100,
        least=1,
        load_default=None,
        metadata=note("all, if not given; of chatwoot lead.replied"),
    )

    @validates_schema
    def _of_its_kind(self, data: dict[str, Any], **_: Any) -> None:
        given = {name: data[name] is not None for name in ("settings", "secret")}
        if data["kind"] == chatwoot.KIND:
            for name in (name for name, is_given in given.items() if not is_given):
                raise ValidationError("Expected what chatwoot needs.", name)
            if tuple(data["events"] or chatwoot.EVENTS) != chatwoot.EVENTS:
                raise ValidationError("Expected lead.replied alone, or nothing.", "events")
        for name in (name for name, is_given in given.items() if is_given):
            if data["kind"] != chatwoot.KIND:
                raise ValidationError("Expected nothing, but of kind chatwoot.", name)


class Subscription(Schema):
    id = fields.UUID(required=True)
    kind = fields.String(required=True)
    settings = fields.Nested(
        ChatwootInbox, required=True, allow_none=True, metadata=note("of chatwoot; else null")
    )
    url = fields.String(required=True, metadata=note("its host alone to a key below admin"))
    allow_http = fields.Boolean(required=True)
    events = fields.List(fields.String(), required=True)
    created_at = fields.AwareDateTime(required=True)
    waiting = fields.Integer(required=True, metadata=note("deliveries that are still to be made"))
    given_up = fields.Integer(required=True, metadata=note("deliveries that failed too often"))
    last_error = fields.String(required=True, allow_none=True)
    former_signs_until = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata=note(
            "until then the secret before the last rotation signs too; null: it does not"
        ),
    )


class SubscriptionWithSecret(Subscription):
    secret = shown_once("signs each request; of chatwoot it proves the requests from there")


class Subscriptions(Schema):
    items = fields.List(fields.Nested(Subscription), required=True)
