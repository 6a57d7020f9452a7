"""/subscriptions: a user's own systems, which are told what happens."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from flask_smorest import abort

from api.http.blueprints import Blueprint
from api.http.context import container, key, now
from api.schemas.fields import Nothing
from api.schemas.subscriptions import (
    CreatedSubscription,
    NewSubscription,
    Subscription,
    Subscriptions,
)
from domain import urls
from domain.errors import NotFoundError
from projections.outbox import deliveries, subscriptions

blueprint = Blueprint("subscriptions", __name__, url_prefix="/api/v1/subscriptions")


def _list() -> list[dict[str, Any]]:
    with container().database.transaction() as connection:
        rows = subscriptions.every(connection)
    return [{**row._mapping, "id": row.subscription_id} for row in rows]


def _show(subscription_id: UUID) -> dict[str, Any]:
    for subscription in _list():
        if subscription["id"] == subscription_id:
            return subscription
    raise NotFoundError("subscription", subscription_id)


def _require_admin() -> None:
    """403 for a key of another role, because a subscription gets the words of replies."""
    if not key().may("admin"):
        abort(403, message=f"expected a key of role admin; this is {key().role}")


@blueprint.post("")
@blueprint.arguments(NewSubscription)
@blueprint.response(201, CreatedSubscription)
def create(data: dict[str, Any]) -> Any:
    """Tell a system of yours what happens from now on"""
    _require_admin()
    allowed = container().settings.allow_private_hosts
    urls.check("url", data["url"], allow_http=data["allow_http"], allowed=allowed, query=True)
    new_id = uuid4()
    with container().database.transaction() as connection:
        secret = subscriptions.create(
            connection, new_id, **data, secret_key=container().secret_key, now=now()
        )
    return {**_show(new_id), "secret": secret}


@blueprint.get("")
@blueprint.response(200, Subscriptions)
def index() -> Any:
    """List subscriptions, and what each has still to be told"""
    return {"items": _list()}


@blueprint.get("/<uuid:subscription_id>")
@blueprint.response(200, Subscription)
def show(subscription_id: UUID) -> Any:
    """Show a subscription"""
    return _show(subscription_id)


@blueprint.post("/<uuid:subscription_id>/retry")
@blueprint.arguments(Nothing, required=False)
@blueprint.response(200, Subscription)
def retry(_: dict[str, Any], subscription_id: UUID) -> Any:
    """Try again at once what waits or was given up"""
    _require_admin()
    _show(subscription_id)
    with container().database.transaction() as connection:
        deliveries.retry(connection, subscription_id, now())
    return _show(subscription_id)


@blueprint.delete("/<uuid:subscription_id>")
@blueprint.response(204)
def remove(subscription_id: UUID) -> None:
    """End it, with all that it has not been told"""
    with container().database.transaction() as connection:
        subscriptions.remove(connection, subscription_id)
