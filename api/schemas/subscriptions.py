"""Subscriptions: a user's own systems, which are told what happens."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.fields import URL, Flag, Items, Text, note, shown_once
from domain.webhook_events import TOPICS


class NewSubscription(Schema):
    url = Text(
        required=True,
        validate=URL,
        metadata=note(
            "https, or http to this machine; no private host that the server does not allow"
        ),
    )
    allow_http = Flag(load_default=False, metadata=note("clear text over the network is all right"))
    events = Items(
        Text(validate=validate.OneOf(sorted(TOPICS))),
        100,
        least=1,
        load_default=lambda: sorted(TOPICS),
        metadata=note("all, if not given"),
    )


class Subscription(Schema):
    id = fields.UUID(required=True)
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
    secret = shown_once("signs each request")


class Subscriptions(Schema):
    items = fields.List(fields.Nested(Subscription), required=True)
