"""Given: a conversation with a person, and what is said in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain import lead, suppression
from domain.addresses import Address
from domain.conversation import Conversation
from domain.enrollment import Enrollment
from domain.event import Event
from domain.inbound import Reply
from domain.message import Message
from domain.opt_out_words import STOP_WORDS
from domain.reply_wishes import Heard
from domain.suppression import Suppression
from domain.surroundings import Running, Surroundings

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HEARD = Heard(STOP_WORDS, timedelta(seconds=3))
AISYAH, SITI, DEVICE = UUID(int=1), UUID(int=2), UUID(int=3)
PHONE = "+60120000001"
LID = Address("lid", "251556360000035@lid")
THROUGH = {"device_id": DEVICE, "gateway": "gowa"}


DAY = timedelta(days=1)


def person(id_: UUID = AISYAH, phone: str = PHONE, **fields: Any) -> lead.Lead:
    begun = lead.register(id_, phone, [], lead.profile(), now=NOW - 30 * DAY, actor="api:x")
    return msgspec.structs.replace(lead.evolve(None, begun), **fields)


def running(number: int = 1, lead_id: UUID = AISYAH, **fields: Any) -> Running:
    """In a sequence of that number since an hour."""
    state = Enrollment(
        id=UUID(int=100 * number + lead_id.int),
        version=1,
        status="active",
        lead_id=lead_id,
        sequence_id=UUID(int=number),
        entry=1,
        steps=2,
    )
    whole = {"enrolled_at": NOW - timedelta(hours=1), **fields}
    return Running(
        state,
        whole["enrolled_at"],
        whole.get("stop_on_reply", True),
        whole.get("stop_on_manual_message", True),
    )


def pending(number: int, of: Running | None = None, campaign: int | None = None) -> Message:
    """A message that may still be cancelled."""
    return Message(
        id=UUID(int=1000 + number),
        version=1,
        status="pending",
        lead_id=AISYAH if of is None else of.state.lead_id,
        device_id=DEVICE,
        campaign_id=None if campaign is None else UUID(int=campaign),
        sequence_id=None if of is None else of.state.sequence_id,
        enrollment_id=None if of is None else of.state.id,
        step=number,
        scheduled_at=NOW,
        planned_at=NOW,
    )


def on_the_way(state: lead.Lead | None = None, **around: Any) -> Conversation:
    """In a sequence that stops on replies and in one that does not, and waiting for a campaign."""
    stops, goes_on = running(1), running(2, stop_on_reply=False)
    unsent = (pending(1, stops), pending(2, goes_on), pending(3, campaign=9))
    whole = {"running": (stops, goes_on), "unsent": unsent, "suppressed": {}, **around}
    return Conversation(state or person(), Surroundings(**whole), now=NOW, actor="webhook:gowa")


def says(
    talk: Conversation,
    text: str,
    at: datetime | None = NOW,
    *,
    heard: Heard = HEARD,
    **fields: Any,
) -> None:
    item = Reply((Address("wa_id", PHONE[1:]),), text, f"in.{len(talk.events)}", at=at, **fields)
    talk.reply(item, None, {"reply_id": UUID(int=5), **THROUGH}, heard)


def topics(talk: Conversation) -> list[str]:
    return [event.TOPIC for event in talk.events]


def of_kind(talk: Conversation, kind: type[Event]) -> list[Any]:
    return [event for event in talk.events if isinstance(event, kind)]


def suppressed(address: Address, since: datetime) -> Suppression:
    said = suppression.suppress(None, UUID(int=7), address, "STOP", now=since, actor="webhook:x")
    state = suppression.fold(None, said)
    assert state is not None
    return state
