"""Something that was said, and what can be told from it alone."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain import provider_codes
from domain.addresses import Address
from domain.inbound import Answer, Inbound, Personal, Preference, Renamed, Reply, called
from domain.lead import Lead
from domain.reply_wishes import Heard, wished
from projections.intake.attribution import Quoted
from projections.intake.providers.payload import DERIVED
from projections.records.inbox import Taken


class Said(NamedTuple):
    """Something about a person, and the device of ours that it came through, if it is known."""

    taken: Taken
    item: Personal
    device_id: UUID | None

    @property
    def at(self) -> datetime:
        """When it was said, by the provider's clock if that tells; else when it came."""
        return getattr(self.item, "at", None) or self.taken.received_at

    def speakers(self, quoted: Quoted | None) -> Set[UUID] | None:
        """The devices that speak, where the message ``quoted`` is the one that the item names; None
        where our own program does."""
        if isinstance(self.item, Answer) and quoted is not None:
            return {quoted.device_id}
        return None if self.taken.device_id is None else self.taken.devices


def of_device(item: Inbound, device_id: UUID | None) -> Inbound:
    """The item as it came through the device. An id that was made from the words alone becomes the
    device's: the same words to another device are another text."""
    if device_id is None or not isinstance(item, Reply) or not item.provider_id.startswith(DERIVED):
        return item
    return msgspec.structs.replace(item, provider_id=f"{item.provider_id}.{device_id.hex}")


def is_told_apart(item: Reply) -> bool:
    """Whether the same words said twice differ from a request that is repeated: the provider tells
    an id and a time."""
    return item.at is not None and not item.provider_id.startswith(DERIVED)


def renamed_id(item: Reply, provider_id: str) -> Reply:
    """The reply under the provider's id of what it edits, if that never came."""
    if item.provider_id == provider_id:
        return item
    return Reply(item.sender, item.text, provider_id, item.kind, item.signals, at=item.at)


def may_change_owners(said: Said, heard: Heard) -> bool:
    """Whether an address may get another owner, or be suppressed."""
    match said.item:
        case Reply():
            return wished(said.item, heard) == "stop"
        case Preference():
            return said.item.stop
        case Answer():
            return provider_codes.meaning(said.taken.gateway, said.item.code) == "opted_out"
        case _:
            return isinstance(said.item, Renamed)


def through(said: Said) -> dict[str, Any]:
    """By which way it came: fields of the events that say so."""
    return {"device_id": said.device_id, "gateway": said.taken.gateway}


def taught(item: Personal, person: Lead, quoted: Quoted | None) -> Sequence[Address]:
    """What the person is called now, as far as the item tells: not by a number that she left."""
    match item:
        case Renamed():
            return [address for address in item.sender if address.kind != "wa_id"]
        case Answer() if quoted is not None and moved_since(person, quoted):
            # Who has that number now may be somebody else: nothing of it is hers.
            return ()
        case _:
            return called(item)


def moved_since(person: Lead, message: Quoted) -> bool:
    """Whether the message may have gone to a phone that the person had before."""
    dispatched_at = message.dispatched_at
    return person.moved_at is not None and (
        dispatched_at is None or dispatched_at <= person.moved_at
    )
