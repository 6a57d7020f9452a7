"""``/webhooks/{gateway}/{device_id}``: the endpoint for providers' requests.

A server or an app of a provider often has one URL for several numbers. So a request may be about
every device of its gateway whose secret is the one that the request is signed with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

import structlog
from flask import Response, request
from flask_smorest import abort

from api.http import uploads
from api.http.blueprints import Blueprint
from api.http.context import container, now
from api.schemas.webhooks import InboundSummary
from api.webhooks import cloud
from api.webhooks.cloud import CLOUD
from api.webhooks.gowa import GOWA
from api.webhooks.protocol import Provider, WebhookRequest
from api.webhooks.wablas import WABLAS
from api.webhooks.whacenter import WHACENTER
from domain.errors import SettingsError
from projections.config import metrics
from projections.intake import inbound
from projections.readmodels import devices

log = structlog.get_logger()

PROVIDERS: Mapping[str, Provider] = {
    "gowa": GOWA,
    "cloud": CLOUD,
    "wablas": WABLAS,
    "whacenter": WHACENTER,
}

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
WITHOUT_KEY: dict[str, Any] = {"security": []}


@blueprint.post("/<string:gateway>/<uuid:device_id>")
@blueprint.response(200, InboundSummary)
@blueprint.alt_response(401, description="not signed with the device's secret")
@blueprint.doc(**WITHOUT_KEY)
def accept(gateway: str, device_id: UUID) -> Any:
    """Accept receipts and replies from a provider; the same again changes nothing"""
    provider = PROVIDERS.get(gateway)
    if provider is None:
        return abort(404, message=f"expected one of {', '.join(PROVIDERS)}")
    secrets = _secrets(gateway, provider.secret, device_id)
    if device_id not in secrets:
        abort(404, message=f"no such {gateway} device")
    body = uploads.body()
    unread = WebhookRequest(body, {}, request.headers, request.args, now())
    secret = secrets[device_id]
    if not secret or not provider.verify(unread, secret):
        _log_refusal(gateway, device_id, "wrong signature" if secret else f"no {provider.secret}")
        abort(401, message=f"expected a request that the device's {provider.secret} proves")
    events = provider.parse(unread._replace(payload=_payload(body)))
    devices_of_secret = {id_ for id_, known in secrets.items() if known == secret}
    summary = inbound.record(
        container().database, container().outreach, events, f"webhook:{gateway}", devices_of_secret
    )
    return summary._asdict()


@blueprint.get("/cloud/<uuid:device_id>")
@blueprint.response(200, content_type="text/plain")
@blueprint.alt_response(403, description="not the device's verify_token")
@blueprint.doc(**WITHOUT_KEY)
def confirm(device_id: UUID) -> Response:
    """Tell Meta that this URL is ours"""
    token = _secrets("cloud", "verify_token", device_id).get(device_id, "")
    challenge = cloud.challenge(request.args, token)
    if challenge is None:
        _log_refusal("cloud", device_id, "wrong verify_token")
        abort(403, message="expected hub.mode=subscribe and the device's verify_token")
    return Response(challenge, mimetype="text/plain")


def _secrets(gateway: str, name: str, device_id: UUID) -> dict[UUID, str]:
    """The credential ``name`` of every device of the gateway; empty where a device has none. A
    device whose credentials cannot be read is left out. Raises SettingsError if it is ``device_id``
    whose credentials cannot be read."""
    with container().database.transaction() as connection:
        rows = devices.of_gateway(connection, gateway)
    secrets: dict[UUID, str] = {}
    for row in rows:
        try:
            secrets[row.device_id] = container().secrets.read(row.ciphertext).get(name, "")
        except SettingsError:
            if row.device_id == device_id:
                raise
    return secrets


def _payload(body: bytes) -> dict[str, Any]:
    """The body as a JSON object, or a form as one; 400 for anything else."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        payload = request.form.to_dict() or None
    if isinstance(payload, dict):
        return payload
    return cast("dict[str, Any]", abort(400, message="expected a JSON object, or a form"))


def _log_refusal(gateway: str, device_id: UUID, reason: str) -> None:
    """Counts and logs a request that did not prove that it comes from the provider."""
    metrics.refused(gateway)
    log.warning(
        "audit.webhook_refused",
        gateway=gateway,
        device_id=str(device_id),
        address=request.remote_addr,
        reason=reason,
    )
