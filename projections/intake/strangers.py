"""What people said whom nobody can be found for: it is kept, and its no is remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Protocol, cast

from sqlalchemy import Connection

from domain import ids, suppression, values
from domain.addresses import Address
from domain.application.outreach import Outreach
from domain.conversation import Heard, wished
from domain.event import Event
from domain.inbound import Preference, Reply, named
from domain.suppression import Suppression
from projections.intake.said import Said
from projections.records import unattributed


class Batch(Protocol):
    """The batch that a stranger is heard in; ``events`` grows."""

    connection: Connection
    outreach: Outreach
    heard: Heard
    now: datetime
    events: list[Event]


class Strangers:
    """Hears those who are nobody. ``suppressed`` has the suppressions of all that is named in the
    batch, and is changed here; ``erased`` are canonical phones of people who were erased."""

    def __init__(self, batch: Batch, suppressed: dict[str, Suppression], erased: Set[str]) -> None:
        self.batch = batch
        self._suppressed = suppressed
        self._erased = erased

    def hear(self, said: Said) -> str:
        """Keep what was said, and heed its wish; gives what became of it."""
        item = said.item
        by: dict[str, Any] = {"now": self.batch.now, "actor": f"webhook:{said.taken.gateway}"}
        if any(address.key in self._erased for address in named(item)):
            return "ignored_erased"
        match item:
            case Reply():
                wish, words = wished(item, self.batch.heard), item.text or " ".join(item.signals)
            case Preference():
                wish, words = ("stop" if item.stop else None), item.evidence
            case _:
                return "ignored_stranger"
        if isinstance(item, Reply) and not self._keep_unattributed(said, item):
            return "repeated"
        at = min(item.at or said.taken.received_at, self.batch.now)
        for address in item.sender:
            if wish == "stop":
                self._suppress(address, words, by)
            elif wish == "start" and address.key in self._suppressed:
                state = self._suppressed[address.key]
                # A start that comes late must not undo a no that was said after it.
                if at + values.PROVIDERS_TICK > state.since:
                    self._keep(address, state, suppression.release(state, words, **by))
        return "unattributed"

    def _keep_unattributed(self, said: Said, item: Reply) -> bool:
        """False if it is kept already."""
        known_by = f"{said.device_id} {item.edits or item.provider_id}"
        reply_id = ids.time_ordered(said.taken.received_at, known_by)
        device_id = said.device_id or said.taken.item_id
        return unattributed.keep(
            self.batch.connection, reply_id, device_id, said.taken.gateway, item, self.batch.now
        )

    def _suppress(self, address: Address, words: str, by: Mapping[str, Any]) -> None:
        if address.kind == "wa_id":
            address = Address("phone", address.key)
        former = self._suppressed.get(address.key)
        id_ = self.batch.outreach.suppression_id(address)
        self._keep(address, former, suppression.suppress(former, id_, address, words, **by))

    def _keep(self, address: Address, former: Suppression | None, events: Sequence[Event]) -> None:
        self.batch.events.extend(events)
        self._suppressed[address.key] = cast(Suppression, suppression.fold(former, events))
