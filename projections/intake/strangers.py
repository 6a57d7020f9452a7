"""What people said whom nobody can be found for, or whom the device that it was said to cannot have
met: it is kept, and its no is remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Protocol, cast
from uuid import UUID

from sqlalchemy import Connection

from domain import suppression, values
from domain.addresses import Address
from domain.application.outreach import Outreach
from domain.event import Event
from domain.inbound import Preference, Renamed, Reply, called, named
from domain.repeats import WITHIN, Repeats
from domain.repeats import words as text_words
from domain.reply_wishes import Heard, wished
from domain.suppression import Suppression
from projections.intake.attribution import People
from projections.intake.providers.payload import DERIVED
from projections.intake.said import Said, is_told_apart
from projections.intake.told_before import ToldBefore, came_at
from projections.records import unattributed


class Batch(Protocol):
    """The batch that a stranger is heard in; ``events`` grows."""

    connection: Connection
    outreach: Outreach
    heard: Heard
    now: datetime
    events: list[Event]
    people: People
    told: ToldBefore

    def reply_id(self, said: Said, known_by: str) -> UUID:
        """The id of what was said, which is known by that."""
        ...


class Strangers:
    """Hears those who are nobody, and those whom the device cannot have met. ``suppressed`` has the
    suppressions of all that is named in the batch, by ``suppression.name``, and is changed here;
    ``erased`` are keys of addresses of people who were erased."""

    def __init__(self, batch: Batch, suppressed: dict[str, Suppression], erased: Set[str]) -> None:
        self.batch = batch
        self._suppressed = suppressed
        self._erased = erased
        self._repeats: Repeats | None = None

    def hear(self, said: Said) -> str:
        """Keep what was said, and heed its wish; gives what became of it."""
        item = said.item
        by: dict[str, Any] = {"now": self.batch.now, "actor": f"webhook:{said.taken.gateway}"}
        erased = {address.key for address in named(item)} & self._erased
        if any(key.startswith("+") for key in erased):
            return "ignored_erased"
        is_met = not self.batch.people.all_owners(called(item))
        match item:
            case Reply():
                wish, words = wished(item, self.batch.heard), item.text or " ".join(item.signals)
            case Preference():
                wish, words = ("stop" if item.stop else None), item.evidence
            case Renamed() if is_met and not erased:
                self._move(said, item, by)
                return "ignored_stranger"
            case _:
                unmet = "ignored_stranger" if is_met else "ignored_not_met"
                return "ignored_erased" if erased else unmet
        by["device_id"] = said.device_id
        at, outcome = min(said.at, self.batch.now), "unattributed"
        if erased:
            # She may have consented since: then her no must be there once the phone is known.
            for address in item.sender if wish == "stop" else ():
                self._suppress(address, words, at, by)
            return "ignored_erased"
        # What somebody says to a device that cannot have met her holds for that device alone.
        scope = "" if is_met else str(said.device_id)
        sender = [Address(a.kind, a.value, scope) for a in item.sender]
        if isinstance(item, Reply):
            outcome, is_meant = self._keep_unattributed(said, item, at)
            # Where the provider gives no ids, it may be another no.
            is_no = wish == "stop" and not any(map(self._is_suppressed, sender))
            if not (is_meant or (is_no and (is_meant is None or _lacks_id(item)))):
                return outcome
        for address in sender:
            if wish == "stop":
                self._suppress(address, words, at, by)
            elif wish == "start":
                self._release(said, address, words, at, by)
        return outcome

    def _release(
        self, said: Said, address: Address, words: str, at: datetime, by: Mapping[str, Any]
    ) -> None:
        """Heed a start. It must not undo a no that was said after it, or to another device."""
        state = self._suppressed.get(_name(address))
        if state is None or values.surely_before(at, state.said_at):
            return
        speakers = said.speakers(None)
        if state.device_id is None or speakers is None or state.device_id in speakers:
            self._keep(address, state, suppression.release(state, words, **by))

    def _keep_unattributed(self, said: Said, item: Reply, at: datetime) -> tuple[str, bool | None]:
        """What became of it, and whether it was meant anew, or is a request that is repeated; None
        where nobody knows."""
        device_id = said.device_id or said.taken.item_id
        if self.batch.told.was_nobodys(said, item):
            return "repeated", False
        if not item.edits and self._says_again(device_id, item, at):
            return "repeated", is_told_apart(item) or None
        known_by = f"{said.device_id} {item.edits or item.provider_id}"
        reply_id = self.batch.reply_id(said, known_by)
        is_new = unattributed.keep(
            self.batch.connection, reply_id, device_id, said.taken.gateway, item, self.batch.now
        )
        return ("unattributed" if is_new else "repeated"), is_new

    def _says_again(self, device_id: UUID, item: Reply, at: datetime) -> bool:
        """Whether the same words came from there a moment ago; if not, they have from now on."""
        if self._repeats is None:
            self._repeats = Repeats()
            since = self.batch.now - WITHIN
            for row in unattributed.kept_since(self.batch.connection, since):
                what = (row.device_id, frozenset(row.keys), row.kind, text_words(row.text))
                self._repeats.note(what, came_at(row))
        spoken, named = text_words(item.text), not _lacks_id(item)
        what = (device_id, frozenset(a.key for a in item.sender), item.kind, spoken)
        if (spoken or not named) and self._repeats.has(what, at, named=named):
            return True
        self._repeats.note(what, at)
        return False

    def _is_suppressed(self, address: Address) -> bool:
        state = self._suppressed.get(_name(address))
        return state is not None and state.in_force

    def _move(self, said: Said, item: Renamed, by: Mapping[str, Any]) -> None:
        """Who said no and has another number now, said no for that one too, if it is of nobody whom
        the device cannot have met."""
        former = [self._suppressed[_name(a)] for a in item.sender if self._is_suppressed(a)]
        if not former:
            return
        for address in self._of_no_other(said, item):
            state = former[0]
            told = {**by, "device_id": state.device_id or said.device_id}
            self._suppress(address, state.evidence, state.said_at, told)

    def _of_no_other(self, said: Said, item: Renamed) -> Iterator[Address]:
        people, speakers = self.batch.people, said.speakers(None)
        for address in item.now_called:
            if people.all_owners([address]) == people.all_owners([address], speakers):
                yield address

    def _suppress(self, address: Address, words: str, at: datetime, by: Mapping[str, Any]) -> None:
        if address.kind == "wa_id":
            address = Address("phone", address.key, address.scope)
        former = self._suppressed.get(_name(address))
        ids_of = self.batch.outreach.suppression_ids
        id_ = former.id if former else ids_of(self.batch.connection, [address])[_name(address)]
        self._keep(address, former, suppression.suppress(former, id_, address, words, at, **by))

    def _keep(self, address: Address, former: Suppression | None, events: Sequence[Event]) -> None:
        self.batch.events.extend(events)
        self._suppressed[_name(address)] = cast(Suppression, suppression.fold(former, events))


def _lacks_id(item: Reply) -> bool:
    return item.provider_id.startswith(DERIVED)


def _name(address: Address) -> str:
    return suppression.name(address.key, address.scope)
