"""What waits for a person: one line for each kind, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection

from projections.queries import operations, short_secrets
from projections.queries.operations import Operations, moment
from projections.queries.reports import Overview
from projections.readmodels import devices
from projections.records import incidents
from projections.records.credentials import Reader

# So many devices that are off are named one by one, or less.
NAMED = 20


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` things of a ``kind`` that a person should look at; ``text`` is a line."""

    kind: str
    count: int
    text: str


def attention(
    connection: Connection, secrets: Reader, overview: Overview, found: Operations
) -> list[Attention]:
    """What a person should look at now, the most pressing first."""
    return [
        *_unknown(overview),
        *_offline(connection),
        *(
            Attention(kind="warning", count=1, text=line)
            for line in operations.lines(found, found.now - incidents.RECENT)
        ),
        *_strangers(found),
        *_secrets(connection, secrets),
    ]


def _unknown(overview: Overview) -> Iterator[Attention]:
    count = overview.messages["unknown"]
    if count:
        what = "1 message" if count == 1 else f"{count:,} messages"
        text = f"{what} may have been sent or not: sendtrail export messages --status unknown"
        yield Attention(kind="unknown", count=count, text=text)


def _offline(connection: Connection) -> Iterator[Attention]:
    found = [row for row in devices.in_service(connection) if row.status == "offline"]
    for row in found[:NAMED]:
        since = "" if row.offline_since is None else f" since {moment(row.offline_since)}"
        why = f": {row.reason}" if row.reason else ""
        text = f"device {row.name} is offline{since}{why}"
        yield Attention(kind="device_offline", count=1, text=text)
    more = len(found) - NAMED
    if more > 0:
        text = f"{more} more devices are offline: sendtrail devices list"
        yield Attention(kind="device_offline", count=more, text=text)


def _strangers(found: Operations) -> Iterator[Attention]:
    text = operations.unattributed_line(found)
    if text is not None:
        yield Attention(kind="unattributed", count=found.unattributed, text=text)


def _secrets(connection: Connection, secrets: Reader) -> Iterator[Attention]:
    if short := short_secrets.of_devices(connection, secrets):
        text = short_secrets.advice(short)
        yield Attention(kind="short_secrets", count=len(short), text=text)
