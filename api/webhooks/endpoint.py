"""``/webhooks/{gateway}/{device_id}``: the endpoint for providers' requests.

A server or an app of a provider often has one URL for several numbers. So a request may be about
every device of its gateway whose secret is the one that the request is signed with.
"""

from __future__ import annotations

import json
from secrets import token_hex
from typing import Any, cast
from uuid import UUID

import structlog
from flask import Response, request
from flask_smorest import abort
from werkzeug.exceptions import NotFound
from werkzeug.routing import UUIDConverter

from api.http import uploads, wrong_tries
from api.http.blueprints import Blueprint
from api.http.context import container, now, outreach
from api.schemas.webhooks import WebhookAccepted
from api.webhooks.cloud import challenge
from api.webhooks.protocol import WebhookRequest
from api.webhooks.providers import PROVIDERS
from domain import foreign_json
from domain.errors import SettingsError
from domain.foreign_json import ForeignJsonError
from projections.config import metrics
from projections.readmodels import devices
from projections.records import inbox

log = structlog.get_logger()

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
_OBJECT = {"schema": {"type": "object"}}
BODY = {"content": {"application/json": _OBJECT, "application/x-www-form-urlencoded": _OBJECT}}
# What a device without a secret is asked with, and nobody knows.
NOBODYS = token_hex(16)


class DeviceId(UUIDConverter):
    """The id of a device in a URL. What is no id is answered as an unknown one is: whoever set the
    provider up made a slip in that place."""

    regex = "[^/]+"

    def to_python(self, value: str) -> UUID:
        """The id. Raises NotFound."""
        try:
            return super().to_python(value)
        except ValueError:
            raise NotFound("no such device: expected its id, which is a UUID") from None


@blueprint.post("/<string:gateway>/<device:device_id>", needs="anybody")
@blueprint.response(200, WebhookAccepted)
@blueprint.alt_response(401, description="not signed with the device's secret")
@blueprint.doc(requestBody=BODY)
@blueprint.alt_response(429, description="too many of these of one client within a minute")
def accept(gateway: str, device_id: UUID) -> Any:
    """Take in what a provider says; the same again changes nothing

    It is kept durably and answered at once; the receiver records it.
    """
    provider = PROVIDERS.get(gateway)
    if provider is None:
        return abort(404, message=f"expected one of {', '.join(PROVIDERS)}")
    secrets = _secrets(gateway, provider.secret, device_id)
    if device_id not in secrets:
        abort(404, message=f"no such {gateway} device")
    body = uploads.body()
    secret = secrets[device_id]
    said = WebhookRequest(body, request.headers, request.args)
    # How long the answer takes does not say whether the device has a secret.
    proven = provider.verify(said, secret or NOBODYS)
    if not secret or not proven:
        reason = "wrong signature" if secret else f"no {provider.secret}"
        _note_refusal(gateway, device_id, reason, "wrong signatures")
        wanted = f"a request that the device's {provider.secret} proves, by {provider.proof}"
        abort(401, message=f"expected {wanted}")
    payload = _payload(body)
    proved = [id_ for id_, known in secrets.items() if known == secret]
    with container().database.transaction("accept") as connection:
        inbox.put(connection, outreach().new_id(), gateway, device_id, proved, payload, now())
    return {"accepted": True}


@blueprint.get("/cloud/<device:device_id>", needs="anybody")
@blueprint.response(200, content_type="text/plain")
@blueprint.alt_response(403, description="not the device's verify_token")
@blueprint.alt_response(429, description="too many of these of one client within a minute")
def confirm(device_id: UUID) -> Response:
    """Tell Meta that this URL is ours"""
    token = _secrets("cloud", "verify_token", device_id).get(device_id, "")
    answer = challenge(request.args, token)
    if answer is None:
        _note_refusal("cloud", device_id, "wrong verify_token", "wrong tokens")
        abort(403, message="expected hub.mode=subscribe and the device's verify_token")
    return Response(answer, mimetype="text/plain")


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


def _payload(body: bytes) -> bytes:
    """The body as a JSON object, or a form as one; 400 for anything else, and for what is nested
    too deep."""
    try:
        payload = foreign_json.decode_leniently(body)
    except ForeignJsonError:
        payload = request.form.to_dict() or None
    if not isinstance(payload, dict):
        return cast(bytes, abort(400, message="expected a JSON object, or a form"))
    # Half a surrogate pair, which JSON may write and UTF-8 cannot, must not be lost with the rest.
    return json.dumps(payload).encode()


def _note_refusal(gateway: str, device_id: UUID, reason: str, what: str) -> None:
    """Counts and logs a request that did not prove that it comes from the provider. Aborts with
    429, and logs nothing, where its client sent too many of ``what`` to the device: those of a
    stranger hold up neither the provider nor another device."""
    metrics.refused(gateway)
    wrong_tries.count(f"webhook {device_id}", what)
    log.warning(
        "audit.webhook_refused",
        gateway=gateway,
        device_id=str(device_id),
        address=request.remote_addr,
        reason=reason,
    )
