"""What providers tell us: one value for each thing that a webhook or an answer may say.

Any of them may come several times, late, or in another order. ``to`` is our number as the provider
calls it, empty where it does not say; ``at`` is the provider's instant, None where it says none.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from domain.addresses import Address
from domain.lead.events import ReplyKind

# What a provider says to have happened before is not true: it has no people yet.
EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)
# How far a provider's clock may be ahead of ours.
AHEAD = timedelta(minutes=5)

ReceiptKind = Literal["sent", "delivered", "read", "failed"]
# Why something that came is neither a receipt nor a reply.
Ignored = Literal[
    "another_number",
    "erased",
    "group",
    "newsletter",
    "not_met",
    "not_understood",
    "own_message",
    "reaction",
    "deletion",
    "status",
    "stranger",
    "system",
    "unsupported",
]


class Receipt(msgspec.Struct, frozen=True, tag=True):
    """A report on a message, which it names by our ``message_id`` or by the ``provider_id``.

    ``code`` is the provider's reason for ``failed``. ``recipient`` is what the provider calls the
    person.
    """

    kind: ReceiptKind
    message_id: UUID | None = None
    provider_id: str = ""
    code: str = ""
    recipient: tuple[Address, ...] = ()
    to: str = ""


class Answer(msgspec.Struct, frozen=True, tag=True):
    """What is said of the recipient of ``message_id``: by the answer to our own call, or later.

    ``code`` is why the message was rejected, ``arrived`` that it reached the person.
    """

    message_id: UUID
    recipient: tuple[Address, ...] = ()
    code: str = ""
    arrived: bool = False


class Reply(msgspec.Struct, frozen=True, tag=True):
    """Something that a person wrote to us; ``provider_id`` is the same however often it is told.

    ``signals`` are texts beside the words that may say no, such as a button's payload. ``quoted``
    is the provider's id of the message that it quotes. What ``edits`` an earlier reply, named by
    the provider's id, replaces its words.
    """

    sender: tuple[Address, ...]
    text: str
    provider_id: str
    kind: ReplyKind = "text"
    signals: tuple[str, ...] = ()
    quoted: str = ""
    edits: str = ""
    at: datetime | None = None
    to: str = ""


class ByHand(msgspec.Struct, frozen=True, tag=True):
    """A message that was not written by Sendtrail went from our number to ``recipient``."""

    recipient: tuple[Address, ...]
    provider_id: str
    at: datetime | None = None
    to: str = ""


class Preference(msgspec.Struct, frozen=True, tag=True):
    """The person told the platform to stop messages, or to let them through again."""

    sender: tuple[Address, ...]
    stop: bool
    evidence: str
    at: datetime | None = None
    to: str = ""


class Renamed(msgspec.Struct, frozen=True, tag=True):
    """The platform calls the person ``now_called`` since ``at``; a ``wa_id`` is a new phone."""

    sender: tuple[Address, ...]
    now_called: tuple[Address, ...]
    to: str = ""
    at: datetime | None = None


class Noise(msgspec.Struct, frozen=True, tag=True):
    """Something that is neither a receipt nor a reply, and why."""

    why: Ignored


Inbound = Receipt | Answer | Reply | ByHand | Preference | Renamed | Noise
# Those that are about a person, in the order of which they must be recorded.
Personal = Answer | Reply | ByHand | Preference | Renamed


def dated(item: Inbound, came_at: datetime) -> Inbound:
    """``item`` with an instant that can be true: another one than the provider could have said at
    ``came_at`` becomes that. Else a wish of the year 9999 would be the last one for ever."""
    at = getattr(item, "at", None)
    if at is None or EARLIEST <= at <= came_at + AHEAD:
        return item
    return msgspec.structs.replace(item, at=came_at)


def called(item: Personal) -> tuple[Address, ...]:
    """What the provider calls the person that ``item`` is about."""
    match item:
        case Answer() | ByHand():
            return item.recipient
        case _:
            return item.sender


def named(item: Personal) -> tuple[Address, ...]:
    """All addresses in ``item``, those too that the person has only from now on."""
    later = item.now_called if isinstance(item, Renamed) else ()
    return (*called(item), *later)
