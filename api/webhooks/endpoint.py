"""``/webhooks/{gateway}/{device_id}``: the endpoint for providers' requests.

A server or an app of a provider often has one URL for several numbers. So a request may be about
every device of its gateway whose secret is the one that the request is signed with; the receiver
finds out which these are.
"""

from __future__ import annotations

from collections.abc import Callable
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
from api.webhooks.protocol import Provider, WebhookRequest
from api.webhooks.providers import PROVIDERS
from domain import foreign_json
from domain.foreign_json import ForeignJsonError
from projections.config import metrics
from projections.container import Container
from projections.records import inbox

log = structlog.get_logger()

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
_OBJECT = {"schema": {"type": "object"}}
BODY = {"content": {"application/json": _OBJECT, "application/x-www-form-urlencoded": _OBJECT}}
ACCEPTED = b'{"accepted":true}\n'
# What a device without a secret is asked with, and nobody knows.
NOBODYS = token_hex(16)
# In the environment of a request: what the shortcut failed with.
FAILED = "sendtrail.failed"


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
    if (failed := request.environ.pop(FAILED, None)) is not None:
        raise failed
    said = WebhookRequest(uploads.body(), request.headers, request.args)
    if not take_as_known(container(), gateway, device_id, provider, said, _payload):
        _accept(gateway, device_id, provider, said)
    # Always the same, so that it need not be made of a schema at each of very many requests.
    return Response(ACCEPTED, mimetype="application/json")


@blueprint.get("/cloud/<device:device_id>", needs="anybody")
@blueprint.response(200, content_type="text/plain")
@blueprint.alt_response(403, description="not the device's verify_token")
@blueprint.alt_response(429, description="too many of these of one client within a minute")
def confirm(device_id: UUID) -> Response:
    """Tell Meta that this URL is ours"""
    with container().database.transaction() as connection:
        proof = container().proofs.read(connection, "cloud", device_id, "verify_token")
    token = "" if proof is None else proof.secret
    answer = challenge(request.args, token)
    if answer is None:
        _note_refusal("cloud", device_id, "wrong verify_token", "wrong tokens")
        abort(403, message="expected hub.mode=subscribe and the device's verify_token")
    return Response(answer, mimetype="text/plain")


def take_as_known(
    ours: Container,
    gateway: str,
    device_id: UUID,
    provider: Provider,
    said: WebhookRequest,
    payload_of: Callable[[bytes], bytes | None],
) -> bool:
    """Take the request in if what this process knows of the device proves it, and the database
    knows the same: one statement. Else nothing is done. ``payload_of`` makes of the body what the
    inbox keeps, or nothing, which is not kept."""
    proof = ours.proofs.known(gateway, device_id)
    # How long the answer takes does not say whether the device has a secret.
    if not provider.verify(said, proof.secret if proof else NOBODYS) or proof is None:
        return False
    payload = payload_of(said.body)
    if payload is None:
        return False
    new_id, at = ours.outreach.new_id(), ours.outreach.clock()
    with ours.database.alone("accept") as connection:
        return inbox.put(connection, new_id, gateway, device_id, proof, payload, at)


def _accept(gateway: str, device_id: UUID, provider: Provider, said: WebhookRequest) -> None:
    """Take the request in if the device's credentials prove it."""
    kept = False
    while not kept:  # unless the credentials change at this very moment
        with container().database.transaction("accept") as connection:
            proof = container().proofs.read(connection, gateway, device_id, provider.secret)
            secret = proof.secret if proof else ""
            proven = provider.verify(said, secret or NOBODYS)
            if proof is None or not secret or not proven:
                break
            new_id, payload = outreach().new_id(), _payload(said.body)
            kept = inbox.put(connection, new_id, gateway, device_id, proof, payload, now())
    if kept and proof is not None:
        container().proofs.remember(gateway, device_id, proof)
        return
    if proof is None:
        abort(404, message=f"no such {gateway} device")
    reason = "wrong signature" if secret else f"no {provider.secret}"
    _note_refusal(gateway, device_id, reason, "wrong signatures")
    wanted = f"a request that the device's {provider.secret} proves, by {provider.proof}"
    abort(401, message=f"expected {wanted}")


def json_payload(body: bytes) -> bytes | None:
    """The JSON object in ``body`` as the inbox keeps it; None for anything else, and for what is
    nested too deep."""
    try:
        payload = foreign_json.decode_leniently(body)
    except ForeignJsonError:
        return None
    # Half a surrogate pair, which JSON may write and UTF-8 cannot, must not be lost with the rest.
    return foreign_json.encode_leniently(payload) if isinstance(payload, dict) else None


def _payload(body: bytes) -> bytes:
    """The body as a JSON object, or a form as one; 400 for anything else, and for what is nested
    too deep."""
    payload = json_payload(body)
    if payload is None and (form := request.form.to_dict()):
        payload = foreign_json.encode_leniently(form)
    return payload or cast(bytes, abort(400, message="expected a JSON object, or a form"))


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
