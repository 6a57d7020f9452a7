"""/subscriptions: a user's own systems, which are told what happens."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from api.http.blueprints import Blueprint
from api.http.context import actor, container, key, now, outreach
from api.schemas.fields import Nothing
from api.schemas.subscriptions import (
    NewSubscription,
    Subscription,
    Subscriptions,
    SubscriptionWithSecret,
)
from domain import access, urls
from domain.errors import NotFoundError
from domain.event import Event
from domain.webhook_events import TOPICS
from projections.outbox import chatwoot, deliveries, subscriptions

blueprint = Blueprint("subscriptions", __name__, url_prefix="/api/v1/subscriptions")


def _list() -> list[dict[str, Any]]:
    with container().database.transaction() as connection:
        rows = subscriptions.every(connection)
    return [
        {
            **row._asdict(),
            "id": row.subscription_id,
            "url": _shown(row.url),
            "kind": "webhook" if row.inbox_id is None else chatwoot.KIND,
            "settings": None if row.inbox_id is None else row._asdict(),
        }
        for row in rows
    ]


def _shown(url: str) -> str:
    """The URL; to a key below admin no more than its host, because many systems take whoever knows
    the rest of such a URL for the sender."""
    if key().may("admin"):
        return url
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"


def _show(subscription_id: UUID) -> dict[str, Any]:
    for subscription in _list():
        if subscription["id"] == subscription_id:
            return subscription
    raise NotFoundError("subscription", subscription_id)


def _note(connection: Any, cls: type[Event], subscription_id: UUID, **facts: Any) -> None:
    """Notes in the log what was done, as the last thing before the commit."""
    facts["subscription_id"] = subscription_id
    outreach().record_access(connection, cls, actor=actor(), **facts)


# An administrator decides, because a subscription gets the words of replies.
@blueprint.post("", needs="admin")
@blueprint.arguments(NewSubscription)
@blueprint.response(201, SubscriptionWithSecret)
def create(data: dict[str, Any]) -> Any:
    """Tell a system of yours what happens from now on"""
    allowed = container().settings.allow_private_hosts
    urls.check("url", data["url"], allow_http=data["allow_http"], allowed=allowed, query=True)
    new_id, secret_key = uuid4(), container().secret_key
    inbox, token = data.pop("settings"), data.pop("secret")
    of_kind = chatwoot.EVENTS if data.pop("kind") == chatwoot.KIND else sorted(TOPICS)
    data["events"] = data["events"] or of_kind
    with container().database.transaction("command") as connection:
        secret = subscriptions.create(
            connection, new_id, **data, secret_key=secret_key, now=now(), in_url=inbox is not None
        )
        if inbox is not None:
            chatwoot.create(connection, new_id, chatwoot.Inbox(**inbox), token, secret_key)
        facts = {"host": access.host_of(data["url"]), "events": tuple(data["events"])}
        _note(connection, access.SubscriptionCreated, new_id, **facts)
    return {**_show(new_id), "secret": secret}


@blueprint.get("", needs="viewer")
@blueprint.response(200, Subscriptions)
def index() -> Any:
    """List subscriptions, and what each has still to be told"""
    return {"items": _list()}


@blueprint.get("/<uuid:subscription_id>", needs="viewer")
@blueprint.response(200, Subscription)
def show(subscription_id: UUID) -> Any:
    """Show a subscription"""
    return _show(subscription_id)


@blueprint.post("/<uuid:subscription_id>/retry", needs="admin")
@blueprint.arguments(Nothing, required=False)
@blueprint.response(200, Subscription)
def retry(_: dict[str, Any], subscription_id: UUID) -> Any:
    """Try again at once what waits or was given up"""
    _show(subscription_id)
    with container().database.transaction() as connection:
        deliveries.retry(connection, subscription_id, now())
    return _show(subscription_id)


@blueprint.post("/<uuid:subscription_id>/rotate-secret", needs="admin")
@blueprint.arguments(Nothing, required=False)
@blueprint.response(200, SubscriptionWithSecret)
def rotate_secret(_: dict[str, Any], subscription_id: UUID) -> Any:
    """Give it a new secret; the one that it had signs beside it for 24 hours"""
    with container().database.transaction("command") as connection:
        secret = subscriptions.rotate(
            connection, subscription_id, secret_key=container().secret_key, now=now()
        )
        _note(connection, access.SecretRotated, subscription_id)
    return {**_show(subscription_id), "secret": secret}


@blueprint.delete("/<uuid:subscription_id>", needs="admin")
@blueprint.response(204)
def remove(subscription_id: UUID) -> None:
    """End it, with all that it has not been told"""
    with container().database.transaction("command") as connection:
        subscriptions.remove(connection, subscription_id)
        _note(connection, access.SubscriptionDeleted, subscription_id)
