"""What a person wishes: to be written to, or not. The stricter wish wins where two contradict."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain import values
from domain.errors import WrongStateError
from domain.event import Event, following
from domain.lead.events import LeadOptedIn, LeadOptedOut, OptInVia, OptOutVia
from domain.lead.state import Lead


def opt_out(
    lead: Lead,
    evidence: str,
    via: OptOutVia = "operator",
    *,
    device_id: UUID | None = None,
    gateway: str = "",
    said_at: datetime | None = None,
    message_id: UUID | None = None,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Record the wish not to be written to. ``evidence`` proves the wish, e.g. with the words;
    ``message_id`` is our last message before it.

    Nothing follows where it is recorded already, or where the person opted in after ``said_at``.
    It is recorded again where another said so, or the person later: a start that comes late must
    not undo what was said after it, and the platform may take back no other wish than its own.
    """
    require_present(lead, "opt out")
    values.text("evidence", evidence, longest=10_000)
    if lead.opted_out_at is not None and not _says_more(lead, via, said_at, now):
        return ()
    if said_at is not None and values.surely_before(said_at, lead.opted_in_at):
        return ()
    wish = {"evidence": evidence, "via": via, "device_id": device_id, "gateway": gateway}
    after = message_id if lead.opted_out_at is None else None
    return (following(lead, LeadOptedOut, now, actor, **wish, said_at=said_at, message_id=after),)


def opt_in(
    lead: Lead,
    evidence: str,
    via: OptInVia = "operator",
    *,
    device_id: UUID | None = None,
    gateway: str = "",
    said_at: datetime | None = None,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Withdraw an opt-out. ``evidence`` proves the wish.

    Nothing follows where there is none, where the person opted out after ``said_at``, or where
    the platform takes back an opt-out that it did not report.
    """
    require_present(lead, "opt in")
    values.text("evidence", evidence, longest=10_000)
    if lead.opted_out_at is None or (via == "platform" and lead.opt_out_via != "platform"):
        return ()
    if said_at is not None and values.surely_before(said_at, lead.opt_out_said_at):
        return ()
    wish = {"evidence": evidence, "via": via, "device_id": device_id, "gateway": gateway}
    return (following(lead, LeadOptedIn, now, actor, **wish, said_at=said_at),)


def require_present(lead: Lead, wanted: str) -> None:
    """Raises WrongStateError for a lead that was erased, of whom somebody ``wanted`` something."""
    if lead.erased_at is not None:
        raise WrongStateError("lead", "erased", wanted)


def _says_more(lead: Lead, via: OptOutVia, said_at: datetime | None, now: datetime) -> bool:
    """Whether another opt-out of a lead that is out already says more than the recorded one."""
    if via != "platform" and lead.opt_out_via == "platform":
        return True
    if via == lead.opt_out_via and via not in ("reply", "platform"):
        return False
    return values.surely_before(lead.opt_out_said_at or now, said_at or now)
