"""What can be tried on a message."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from domain import message, receipts
from domain.event import Event
from domain.inbound import Receipt, ReceiptKind
from domain.message import Message
from domain.message.events import CancelReason, LaterReason, Resolution
from tests.support.histories.stories import By, Command, Kind, always, only
from tests.support.histories.values import HASHES, SOON, VERSIONS, WORDS
from tests.support.samples import NOW

# How often a clock had been ahead.
EPOCHS = st.integers(0, 2)


def _begin(draw: st.DrawFn, by: By) -> Event:
    lead, version, device = draw(st.uuids()), draw(VERSIONS), draw(st.uuids())
    due = by["now"] + draw(SOON)
    origin = draw(st.sampled_from(("campaign", "step", "composed")))
    if origin == "composed":
        return message.schedule_composed(lead, version, device, **by)
    if origin == "campaign":
        expires = draw(st.none() | SOON.map(lambda later: due + later))
        return message.schedule_for_campaign(
            draw(st.uuids()), NOW, lead, version, device, due, expires, **by
        )
    enrollment, sequence, step = draw(st.uuids()), draw(st.uuids()), draw(st.integers(1, 5))
    return message.schedule_for_step(
        enrollment, NOW, sequence, step, lead, version, device, due, **by
    )


def _claim(draw: st.DrawFn, state: Message, by: By) -> Event:
    slot = by["now"] + draw(SOON)
    lease_until = slot + draw(SOON)
    return message.claim(state, draw(WORDS), slot, slot.date(), lease_until, draw(EPOCHS), **by)


def _release(draw: st.DrawFn, state: Message, by: By) -> Event:
    return message.release(state, draw(WORDS), **by)


def _dispatch(draw: st.DrawFn, state: Message, by: By) -> Event:
    content_id = f"{draw(st.uuids())}:{draw(VERSIONS)}:{state.step}"
    return message.dispatch(state, content_id, draw(VERSIONS), draw(HASHES), draw(EPOCHS), **by)


def _confirm_sent(draw: st.DrawFn, state: Message, by: By) -> Event:
    return message.confirm_sent(state, draw(WORDS), **by)


def _fail(draw: st.DrawFn, state: Message, by: By) -> Event:
    return message.fail(state, draw(WORDS), draw(WORDS), **by)


def _defer(draw: st.DrawFn, state: Message, by: By) -> Event:
    retry_at = by["now"] + draw(SOON)
    return message.defer(state, retry_at, draw(WORDS), draw(st.integers(1, 3)), **by)


def _lose_track(draw: st.DrawFn, state: Message, by: By) -> Event:
    return message.lose_track(state, draw(WORDS), **by)


def _resolve(draw: st.DrawFn, state: Message, by: By) -> Event:
    resolution = draw(st.sampled_from(get_args(Resolution)))
    return message.resolve(state, resolution, draw(WORDS), draw(st.none() | WORDS), **by)


def _receipt(draw: st.DrawFn, state: Message, by: By) -> tuple[Event, ...]:
    kind = draw(st.sampled_from(get_args(ReceiptKind)))
    return receipts.accept(state, Receipt(kind, None, draw(WORDS), draw(WORDS)), **by)


def _cancel(draw: st.DrawFn, state: Message, by: By) -> Event:
    return message.cancel(state, draw(st.sampled_from(get_args(CancelReason))), **by)


def _reschedule(draw: st.DrawFn, state: Message, by: By) -> Event:
    reason = draw(st.sampled_from(get_args(LaterReason)))
    return message.reschedule(state, by["now"] + draw(SOON), reason, **by)


def _move(draw: st.DrawFn, state: Message, by: By) -> Event:
    return message.move(state, draw(st.uuids()), **by)


# Claims and hand-overs are tried more often than the rest: otherwise most stories end early.
MESSAGE = Kind(
    "message",
    _begin,
    (
        *[Command("claim", _claim, only("pending"))] * 9,
        *[Command("release", _release, only("processing"))] * 2,
        *[Command("dispatch", _dispatch, only("processing"))] * 9,
        *[Command("confirm", _confirm_sent, only("queued", "unknown"))] * 2,
        Command("fail", _fail, only("processing", "queued", "unknown")),
        *[Command("defer", _defer, only("queued"))] * 3,
        *[Command("give up", _lose_track, only("queued"))] * 2,
        *[Command("resolve", _resolve, only("unknown"))] * 2,
        *[Command("reschedule", _reschedule, only("pending", "processing"))] * 2,
        *[Command("move", _move, only("pending"))] * 2,
        Command("cancel", _cancel, only("pending", "processing")),
        Command("retry", lambda draw, state, by: message.retry(state, **by), only("failed")),
        *[Command("receipt", _receipt, always)] * 3,
    ),
    message.evolve,
    message.fold,
)
