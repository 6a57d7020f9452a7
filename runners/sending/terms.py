"""What messages of a batch have in common, and is looked at once for all of them: the device that
sends, and the campaign or sequence on whose behalf."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from domain import send_check
from domain.errors import SettingsError
from domain.send_check import Cancel, Release, SendContext
from projections.container import Container
from projections.database import secret_check
from projections.queue import dispatch
from runners.sending.slots import Slot


class Sender(NamedTuple):
    """A device with its credentials in clear; None if they cannot be decrypted. ``epoch`` is that
    of its latest dispatch. ``move_pending`` says what becomes of what waits on a retired one."""

    status: str
    gateway: str
    settings: dict[str, Any]
    min_delay_seconds: float
    credentials: dict[str, str] | None
    epoch: int
    move_pending: bool

    def __repr__(self) -> str:
        # Credentials do not get into a log or a traceback.
        return f"<sender of {self.gateway}>"


class Terms(NamedTuple):
    """Of one device, one owner and one of its steps. ``pause`` is in seconds, after each message.
    ``context`` and ``verdict`` are the send check's of a message that nothing of its own stands
    against."""

    sender: Sender
    owner: dispatch.Owner
    pause: float
    context: SendContext
    verdict: Cancel | Release | None


def sender(connection: Connection, container: Container, device: dispatch.Device) -> Sender:
    """The device with its credentials. Raises OtherSecretKeyError if they can be read with another
    secret key."""
    credentials = _credentials(connection, container, device)
    return Sender(*device[:4], credentials, device.epoch, device.move_pending)


def of(sender: Sender, owner: dispatch.Owner, step: int, now: datetime) -> Terms:
    """The terms of messages of ``step``, which is 0 for a campaign's."""
    context = SendContext(
        opted_out=False,
        device_status=sender.status,
        owner_status=owner.status,
        sequence_stopped=owner.cancel_pending,
        stopped_because=None,
        expires_at=None,
        leaves_device=sender.move_pending,
        step_removed=step > 0 and owner.lacks(step),
    )
    return Terms(sender, owner, pause(sender, owner), context, send_check.check(context, now))


def pause(sender: Sender, owner: dispatch.Owner) -> float:
    """Seconds after a message: the slower of its device's and what its campaign or sequence asks
    for."""
    return max(sender.min_delay_seconds, owner.min_delay_seconds)


def verdict(
    terms: Terms, row: dispatch.Candidate, agreed: Set[tuple[str, str]], now: datetime
) -> Cancel | Release | None:
    """The send check's of this message; ``agreed`` has the lead and the purpose of its owner, if
    the person agrees to that."""
    purpose = terms.owner.purpose
    lacks_consent = purpose is not None and (row.lead_id, purpose) not in agreed
    if (
        row.opted_out_at is None
        and row.stopped_because is None
        and row.expires_at is None
        and not lacks_consent
    ):
        return terms.verdict
    context = terms.context._replace(
        opted_out=row.opted_out_at is not None,
        stopped_because=row.stopped_because,
        expires_at=row.expires_at,
        lacks_consent=lacks_consent,
    )
    return send_check.check(context, now)


def hindrance(slot: Slot, sender: Sender, now: datetime) -> Release | None:
    """Why this worker cannot dispatch the message."""
    if slot.lease_until <= now:
        return Release("too late")
    if sender.credentials is None:  # the monitor takes the device offline
        return Release("credentials cannot be read")
    return None


def _credentials(
    connection: Connection, container: Container, device: dispatch.Device
) -> dict[str, str] | None:
    """The credentials; None if nobody can read them. Raises OtherSecretKeyError if others can."""
    try:
        return container.secrets.read(device.ciphertext)
    except SettingsError:
        secret_check.hold(connection)
        return None
