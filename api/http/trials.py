"""Tests of devices and campaigns; the process that serves the API gives the sender."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

from flask import current_app

from api.http.context import actor, container, now, outreach
from domain import content, content_check, pacing, rendering
from domain.application.trials import Begun, Through
from domain.content import Content
from domain.device import require_in_service
from domain.errors import InvalidInputError, NotFoundError, SettingsError, ThrottledError
from domain.lead import Lead
from domain.lead.wishes import require_present
from domain.trials import Trial, TrialResult
from projections.readmodels import devices

EXTENSION = "sendtrail-trials"
# Seconds that a person waits for the turn of a device.
PATIENCE = 5.0


class Sender(NamedTuple):
    """``send`` raises nothing, whatever the provider does. ``sleep`` waits so many seconds."""

    send: Callable[[Trial], TrialResult]
    sleep: Callable[[float], None] = time.sleep


def person(lead_id: UUID | None) -> Lead | None:
    """The lead whose data is rendered. Raises InvalidInputError where there is none, and
    WrongStateError for one that was erased."""
    if lead_id is None:
        return None
    try:
        found = outreach().get_lead(lead_id)
    except NotFoundError:
        raise InvalidInputError("lead_id", "the id of a lead") from None
    require_present(found, "render the data of")
    return found


def run(
    device_id: UUID,
    phone: str,
    written: Content,
    lead: Lead | None,
    campaign_id: UUID | None = None,
) -> dict[str, Any]:
    """Send ``written``, rendered for the lead, to ``phone`` (E.164), at once and outside the queue;
    gives the text and what became of it.

    Waits some seconds for the device's turn. Raises ThrottledError if that takes longer,
    WrongStateError for a person who said no, and InvalidInputError for a text that cannot be sent.
    """
    sender = cast(Sender | None, current_app.extensions.get(EXTENSION))
    if sender is None:
        raise SettingsError("this process sends no tests")
    with container().database.transaction() as connection:
        rows = {row.device_id: row for row in devices.in_service(connection)}
    row = rows.get(device_id)
    if row is None:
        require_in_service(outreach().get_device(device_id), "test")
        raise NotFoundError("device in service", device_id)
    names = {}
    if lead is not None:
        names = rendering.names_of(lead.profile.name, lead.phone, lead.profile.attributes)
    rendered = content.render(written, names)
    problem = content_check.problem(written, rendered, names, row.gateway)
    if problem is not None:
        raise InvalidInputError("lead_id", f"a lead for whom the text can be sent, not {problem}")
    begun = _begin(sender, device_id, phone, campaign_id)
    through = Through(row.gateway, row.settings, container().secrets.read(row.ciphertext))
    result = outreach().send_test(
        begun, through, phone, rendered, sender.send, written.content_id, actor=actor()
    )
    return {
        "test_id": begun.event.test_id,
        "device_id": device_id,
        "lead_id": None if lead is None else lead.id,
        "text": rendered.body,
        "content": rendered,
        **result._asdict(),
    }


def _begin(sender: Sender, device_id: UUID, phone: str, campaign_id: UUID | None) -> Begun:
    """Takes the device's turn, when it comes within ``PATIENCE``."""
    patience: timedelta = pacing.patience(container().settings.gateway_timeout)
    waited = 0.0
    while True:
        try:
            return outreach().begin_test(device_id, phone, patience, campaign_id, actor=actor())
        except ThrottledError as error:
            seconds = max(0.1, (error.until - now()).total_seconds())
            if waited + seconds > PATIENCE:
                raise
            waited += seconds
            sender.sleep(seconds)
