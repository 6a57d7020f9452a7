"""The response to a provider's request."""

from __future__ import annotations

from marshmallow import Schema, fields

from api.schemas.fields import note


class WebhookAccepted(Schema):
    accepted = fields.Boolean(required=True, metadata=note("it is kept, and will be recorded"))
