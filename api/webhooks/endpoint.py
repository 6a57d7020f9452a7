"""``/webhooks/{gateway}/{device_id}``: where providers' requests come in.

A server or an app of a provider often has one URL for several numbers. So a request speaks for
every device of its gateway that has the secret which proves it.
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
from api.schemas.webhooks import Taken
from api.webhooks import cloud
from api.webhooks.cloud import CLOUD
from api.webhooks.gowa import GOWA
from api.webhooks.protocol import Inbound, Provider
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
@blueprint.response(200, Taken)
@blueprint.alt_response(401, description="not signed with the device's secret")
@blueprint.doc(**WITHOUT_KEY)
def take(gateway: str, device_id: UUID) -> Any:
    """Take receipts and replies from a provider; the same again changes nothing"""
    provider = PROVIDERS.get(gateway)
    if provider is None:
        return abort(404, message=f"expected one of {', '.join(PROVIDERS)}")
    secrets = _secrets(gateway, provider.secret, device_id)
    if device_id not in secrets:
        abort(404, message=f"no such {gateway} device")
    body = uploads.body()
    received = Inbound(body, {}, request.headers, request.args, now())
    secret = secrets[device_id]
    if not secret or not provider.verify(received, secret):
        _refused(gateway, device_id, "wrong signature" if secret else f"no {provider.secret}")
        abort(401, message=f"expected a request that the device's {provider.secret} proves")
    reports = provider.parse(received._replace(json=_read(body)))
    family = {other for other, own in secrets.items() if own == secret}
    taken = inbound.record(
        container().database, container().outreach, reports, f"webhook:{gateway}", family
    )
    return taken._asdict()


@blueprint.get("/cloud/<uuid:device_id>")
@blueprint.response(200, content_type="text/plain")
@blueprint.alt_response(403, description="not the device's verify_token")
@blueprint.doc(**WITHOUT_KEY)
def confirm(device_id: UUID) -> Response:
    """Tell Meta that this URL is ours"""
    token = _secrets("cloud", "verify_token", device_id).get(device_id, "")
    found = cloud.answer(request.args, token)
    if found is None:
        _refused("cloud", device_id, "wrong verify_token")
        abort(403, message="expected hub.mode=subscribe and the device's verify_token")
    return Response(found, mimetype="text/plain")


def _secrets(gateway: str, name: str, asked: UUID) -> dict[UUID, str]:
    """That credential of every device of the gateway, empty where it has none. One whose
    credentials cannot be read stands in nobody's way but its own: raises SettingsError if it is
    the one that is ``asked`` for."""
    with container().database.transaction() as connection:
        found = devices.of_gateway(connection, gateway)
    secrets: dict[UUID, str] = {}
    for row in found:
        try:
            secrets[row.device_id] = container().secrets.read(row.ciphertext).get(name, "")
        except SettingsError:
            if row.device_id == asked:
                raise
    return secrets


def _read(body: bytes) -> dict[str, Any]:
    """A JSON object, or a form as one. What is neither is none of a provider's."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = request.form.to_dict() or None
    if isinstance(found, dict):
        return found
    return cast("dict[str, Any]", abort(400, message="expected a JSON object, or a form"))


def _refused(gateway: str, device_id: UUID, reason: str) -> None:
    """The audit's line on who tried to speak for a provider."""
    metrics.refused(gateway)
    log.warning(
        "audit.webhook_refused",
        gateway=gateway,
        device_id=str(device_id),
        address=request.remote_addr,
        reason=reason,
    )
