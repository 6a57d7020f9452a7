"""The receiver: turns what providers told us into events, in batches, in order, and once only.

A batch is one transaction: the events, what became of each thing that came, and the deletion of
what is recorded. So a crash loses nothing and repeats nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain import provider_codes
from domain.addresses import Address
from domain.application.outreach import Outreach
from domain.inbound import Answer, Inbound, Noise, Personal, Receipt, dated
from domain.reply_wishes import Heard
from projections.database.engine import Database, rows, uuids
from projections.database.faults import is_of_content
from projections.database.quarantined import FaultyError
from projections.eventstore.broken_streams import run_around
from projections.intake import receipts
from projections.intake.attribution import OwnNumbers
from projections.intake.hearing import Hearing
from projections.intake.providers import PARSERS
from projections.intake.receipts import Decided, Received
from projections.intake.said import Said, of_device
from projections.records import inbox, unattributed
from projections.records.inbox import Taken

# Webhooks per transaction, and things in them. Of a webhook that has more the rest waits for the
# next transaction, so that none takes long.
BATCH = MOST_ITEMS = 2000
# How long something that cannot be told yet waits until it is looked at again.
AGAIN = timedelta(seconds=2)


class Came(NamedTuple):
    """One value of what came, through a device of ours, if it is known."""

    taken: Taken
    item: Inbound
    device_id: UUID | None


def receive(database: Database, outreach: Outreach, heard: Heard) -> int:
    """Record all that waits; returns how much came. While another process does it, nothing.

    Where a batch fails for what is in it, smaller ones find the webhook that is at fault. It is put
    aside, and the others are recorded.
    """
    total, limit = 0, BATCH
    while True:
        work = partial(_receive_batch, outreach=outreach, heard=heard, limit=limit)
        try:
            done = run_around(database, "receive", "receiver", work, outreach.clock)
        except Exception as error:
            if limit == 1 or not is_of_content(error):
                raise
            limit //= 2
            continue
        if not done:
            return total
        total += done
        limit = min(2 * limit, BATCH)


def _receive_batch(connection: Connection, outreach: Outreach, heard: Heard, limit: int) -> int:
    now = outreach.clock()
    taken = inbox.take(connection, now, limit)
    if not taken:
        return 0
    try:
        return _record(connection, outreach, heard, taken, now)
    except Exception as error:
        if len(taken) > 1 or not is_of_content(error):
            raise
        raise FaultyError("inbound", taken[0].item_id, error) from None


def _record(
    connection: Connection, outreach: Outreach, heard: Heard, taken: Sequence[Taken], now: datetime
) -> int:
    batch, came, rest = _read(connection, taken)
    outcomes: Counter[tuple[str, str]] = Counter()
    said: list[Said] = []
    for each in came:
        match each.item:
            case Noise(why):
                outcomes[each.taken.gateway, f"ignored_{why}"] += 1
            case Receipt():
                pass
            case _:
                said.append(_said(each, each.item))
    received = [each for each in came if isinstance(each.item, Receipt)]
    events, reported = _record_receipts(connection, received, now, outcomes)
    hearing = Hearing(connection, outreach, heard, now)
    waiting = hearing.hear(_news(connection, [*reported, *said]), outcomes)
    outreach.record(connection, [*events, *hearing.events])
    _let_go(connection, batch, waiting, rest, now)
    inbox.count(connection, outcomes)
    unattributed.forget_old(connection, now)
    return len(batch)


def _read(
    connection: Connection, batch: Sequence[Taken]
) -> tuple[Sequence[Taken], list[Came], list[Inbound]]:
    """The first ``MOST_ITEMS`` values in what came, in order: the webhooks that they are of, the
    values, and the rest of the last webhook. What was said to a number that is not ours is noise.
    """
    read: list[tuple[Taken, Inbound]] = []
    rest: list[Inbound] = []
    for count, taken in enumerate(batch, start=1):
        try:
            items = _items(taken)
        except Exception as error:
            raise FaultyError("inbound", taken.item_id, error) from None
        room = MOST_ITEMS - len(read)
        read += [(taken, item) for item in items[:room]]
        if len(items) >= room:
            batch, rest = batch[:count], items[room:]
            break
    numbers = OwnNumbers(
        connection,
        {taken.gateway for taken in batch},
        {to for _, item in read if (to := getattr(item, "to", ""))},
        {taken.device_id for taken in batch if taken.device_id is not None},
    )
    return batch, [_came(numbers, taken, item) for taken, item in read], rest


def _items(taken: Taken) -> list[Inbound]:
    came_at = taken.received_at
    if taken.parsed:
        found = inbox.items(taken)
    else:
        found = PARSERS[taken.gateway](inbox.webhook(taken), came_at)
    return [dated(item, came_at) for item in found]


def _came(numbers: OwnNumbers, taken: Taken, item: Inbound) -> Came:
    to = getattr(item, "to", "")
    device_id = numbers.device(to, taken.device_id, taken.devices)
    # A receipt names the message: the number may have another name since it was sent.
    of_another = to and device_id is None and taken.device_id is not None
    if of_another and not isinstance(item, Receipt):
        item = Noise("another_number")
    return Came(taken, of_device(item, device_id), device_id)


def _said(came: Came, item: Personal) -> Said:
    return Said(came.taken, item, came.device_id)


def _record_receipts(
    connection: Connection,
    came: Sequence[Came],
    now: datetime,
    outcomes: Counter[tuple[str, str]],
) -> tuple[list[Any], list[Said]]:
    """The events that follow from receipts, and what the receipts say of people."""
    received = [
        Received(
            each.item,
            each.taken.devices or None,
            f"webhook:{each.taken.gateway}",
            each.taken.device_id,
            each.taken.secret_id,
        )
        for each in came
        if isinstance(each.item, Receipt)
    ]
    if not received:
        return [], []
    events, decided = receipts.decide(connection, received, now)
    known: list[tuple[Came, Decided]] = []
    for each, found in zip(came, decided, strict=True):
        name = "receipt" if found is not None else "receipt_of_no_message"
        outcomes[each.taken.gateway, name] += 1
        if found is not None:
            known.append((each, found))
    return events, _of_people(known)


def _of_people(known: Sequence[tuple[Came, Decided]]) -> list[Said]:
    """What receipts say of people: what they are called, that nothing reaches one, or that
    something reached one after all. A receipt that is repeated says nothing of today, and most
    call a person by the phone that everybody knows."""
    said: list[Said] = []
    for each, ((message, phone, is_lost), is_news) in known:
        receipt = each.item
        assert isinstance(receipt, Receipt)  # noqa: S101 - that is what was asked for
        arrived = is_lost and is_news and receipt.kind in ("delivered", "read")
        code = receipt.code if is_news and receipt.kind == "failed" else ""
        if arrived or code or not all(_is_phone(address, phone) for address in receipt.recipient):
            answer = Answer(message.id, receipt.recipient, code, arrived=arrived)
            said.append(Said(each.taken, answer, each.device_id))
    return said


def _is_phone(address: Address, phone: str) -> bool:
    """Whether the address is that phone, which is E.164, as WhatsApp writes it."""
    return address.kind == "wa_id" and f"+{address.value}" == phone


def _news(connection: Connection, said: Sequence[Said]) -> list[Said]:
    """``said`` without the answers that say nothing new: nearly all of them."""
    if not any(isinstance(each.item, Answer) for each in said):
        return list(said)
    wanted = [
        (place, each.item.message_id, address.kind, address.value)
        for place, each in enumerate(said)
        if isinstance(each.item, Answer)
        for address in each.item.recipient
    ]
    new = rows(
        connection,
        """
        SELECT DISTINCT w.place
        FROM unnest(%(places)s::int[], %(ids)s::uuid[], %(kinds)s::text[], %(values)s::text[])
            AS w(place, message_id, kind, value)
        JOIN broadcast_messages m USING (message_id) JOIN leads l USING (lead_id)
        WHERE NOT (w.kind = 'wa_id' AND '+' || w.value = l.phone)
          AND NOT EXISTS (SELECT FROM lead_addresses a WHERE a.lead_id = l.lead_id
            AND a.kind = w.kind AND a.scope = '' AND a.value = w.value)
        """,
        places=[place for place, *_ in wanted],
        ids=uuids(message_id for _, message_id, *_ in wanted),
        kinds=[kind for _, _, kind, _ in wanted],
        values=[value for *_, value in wanted],
    )
    places = {row.place for row in new}
    return [
        each
        for place, each in enumerate(said)
        if not isinstance(each.item, Answer)
        or place in places
        or each.item.arrived
        or provider_codes.meaning(each.taken.gateway, each.item.code)
    ]


def _let_go(
    connection: Connection,
    batch: Sequence[Taken],
    waiting: Sequence[Said],
    rest: Sequence[Inbound],
    now: datetime,
) -> None:
    """Delete what is recorded, and keep what has to wait, and the ``rest`` of the last webhook."""
    left: dict[int, list[Inbound]] = {}
    for each in waiting:
        left.setdefault(each.taken.inbound_id, []).append(each.item)
    if rest:
        left.setdefault(batch[-1].inbound_id, []).extend(rest)
    inbox.done(connection, (t.inbound_id for t in batch if t.inbound_id not in left))
    for taken in batch:
        if taken.inbound_id in left:
            until = now if rest and taken is batch[-1] else now + AGAIN
            inbox.postpone(connection, taken, left[taken.inbound_id], until)
