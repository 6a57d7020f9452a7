"""What people said whom nobody can be found for: it is kept, and its no is remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Protocol, cast
from uuid import UUID

from sqlalchemy import Connection

from domain import suppression, values
from domain.addresses import Address
from domain.application.outreach import Outreach
from domain.conversation import Heard, wished
from domain.event import Event
from domain.inbound import Preference, Renamed, Reply, named
from domain.suppression import Suppression
from projections.intake.providers.payload import DERIVED
from projections.intake.said import Said
from projections.records import unattributed


class Batch(Protocol):
    """The batch that a stranger is heard in; ``events`` grows."""

    connection: Connection
    outreach: Outreach
    heard: Heard
    now: datetime
    events: list[Event]

    def reply_id(self, said: Said, known_by: str) -> UUID:
        """The id of what was said, which is known by that."""
        ...


class Strangers:
    """Hears those who are nobody. ``suppressed`` has the suppressions of all that is named in the
    batch, and is changed here; ``erased`` are keys of addresses of people who were erased."""

    def __init__(self, batch: Batch, suppressed: dict[str, Suppression], erased: Set[str]) -> None:
        self.batch = batch
        self._suppressed = suppressed
        self._erased = erased

    def hear(self, said: Said) -> str:
        """Keep what was said, and heed its wish; gives what became of it."""
        item = said.item
        by: dict[str, Any] = {"now": self.batch.now, "actor": f"webhook:{said.taken.gateway}"}
        erased = {address.key for address in named(item)} & self._erased
        if any(key.startswith("+") for key in erased):
            return "ignored_erased"
        match item:
            case Reply():
                wish, words = wished(item, self.batch.heard), item.text or " ".join(item.signals)
            case Preference():
                wish, words = ("stop" if item.stop else None), item.evidence
            case Renamed() if not erased:
                self._move(item, by)
                return "ignored_stranger"
            case _:
                return "ignored_erased" if erased else "ignored_stranger"
        if erased:
            # She may have consented since: then her no must be there once the phone is known.
            for address in item.sender if wish == "stop" else ():
                self._suppress(
                    address, words, min(item.at or said.taken.received_at, by["now"]), by
                )
            return "ignored_erased"
        if isinstance(item, Reply) and not self._keep_unattributed(said, item):
            # Where the provider gives no ids, it may be another no.
            released = not any(self._is_suppressed(address) for address in item.sender)
            if not (wish == "stop" and released and item.provider_id.startswith(DERIVED)):
                return "repeated"
        at = min(item.at or said.taken.received_at, self.batch.now)
        for address in item.sender:
            if wish == "stop":
                self._suppress(address, words, at, by)
            elif wish == "start" and address.key in self._suppressed:
                state = self._suppressed[address.key]
                # A start that comes late must not undo a no that was said after it.
                if at + values.PROVIDERS_TICK > state.said_at:
                    self._keep(address, state, suppression.release(state, words, **by))
        return "unattributed"

    def _keep_unattributed(self, said: Said, item: Reply) -> bool:
        """False if it is kept already."""
        known_by = f"{said.device_id} {item.edits or item.provider_id}"
        reply_id = self.batch.reply_id(said, known_by)
        device_id = said.device_id or said.taken.item_id
        return unattributed.keep(
            self.batch.connection, reply_id, device_id, said.taken.gateway, item, self.batch.now
        )

    def _is_suppressed(self, address: Address) -> bool:
        return address.key in self._suppressed and self._suppressed[address.key].in_force

    def _move(self, item: Renamed, by: Mapping[str, Any]) -> None:
        """Who said no and has another number now, said no for that one too."""
        said = [self._suppressed[a.key] for a in item.sender if self._is_suppressed(a)]
        for state in said[:1]:
            for address in item.now_called:
                self._suppress(address, state.evidence, state.said_at, by)

    def _suppress(self, address: Address, words: str, at: datetime, by: Mapping[str, Any]) -> None:
        if address.kind == "wa_id":
            address = Address("phone", address.key)
        former = self._suppressed.get(address.key)
        ids_of = self.batch.outreach.suppression_ids
        id_ = former.id if former else ids_of(self.batch.connection, [address])[address.key]
        self._keep(address, former, suppression.suppress(former, id_, address, words, at, **by))

    def _keep(self, address: Address, former: Suppression | None, events: Sequence[Event]) -> None:
        self.batch.events.extend(events)
        self._suppressed[address.key] = cast(Suppression, suppression.fold(former, events))
