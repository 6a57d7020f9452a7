"""The commands on suppressions: addresses that said no before anybody was registered with them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from eventsourcing.persistence import RecordConflictError

from domain import suppression
from domain.addresses import Address
from domain.application.base import ATTEMPTS, SUPPRESSION, Commands
from domain.conversation import Conversation
from domain.errors import ConflictError
from domain.event import Event
from domain.ids import keyed
from domain.lead.events import OptOutVia
from domain.suppression import Suppression


class SuppressionCommands(Commands):
    """Suppress and release addresses."""

    def suppression_id(self, address: Address, life: int = 1) -> UUID:
        """The id, which is the same for all spellings of one number. A no after the person with
        the address was erased has the next ``life``."""
        name = f"suppression {suppression.name(address.key, address.scope)}"
        return keyed(self.identity, name if life == 1 else f"{name} {life}")

    def suppression_ids(self, connection: Any, addresses: Iterable[Address]) -> dict[str, UUID]:
        """By ``suppression.name``, the id of each address's suppression, or the next one."""
        wanted = {suppression.name(each.key, each.scope): each for each in addresses}
        found: dict[str, UUID] = {}
        for life in count(1):
            ids = {name: self.suppression_id(wanted[name], life) for name in wanted}
            states = self.queries.suppressions(connection, ids.values())
            found.update(ids)
            wanted = {
                name: wanted[name]
                for name, id_ in ids.items()
                if id_ in states and states[id_].is_forgotten
            }
            if not wanted:
                return found
        raise AssertionError("unreachable")

    def suppress(self, address: Address, evidence: str, *, actor: str) -> UUID:
        """Remember that ``address`` said no, and opt out every lead that has it; returns the
        suppression's id. Nothing follows where both are so already."""
        for _ in range(ATTEMPTS):
            try:
                with self.queries.transaction() as connection:
                    wish = [(address, evidence)]
                    self.suppress_all(connection, wish, via="operator", always=True, actor=actor)
                    (id_,) = self.suppression_ids(connection, [address]).values()
                    return id_
            except RecordConflictError as conflict:
                self.queries.put_aside_broken(conflict, self.clock())
        raise ConflictError("this address is changed by others again and again; try later")

    def suppress_all(
        self,
        connection: Any,
        wishes: Iterable[tuple[Address, str]],
        *,
        via: OptOutVia,
        always: bool = False,
        actor: str,
    ) -> tuple[int, int]:
        """The same for many addresses with the evidence of each, in the caller's transaction.

        An address that is a lead's is suppressed only ``always``. Returns how many leads opted out
        by it, and how many addresses were suppressed by it.
        """
        by_key = {address.key: (address, evidence) for address, evidence in wishes}
        self.queries.lock_addresses(connection, alone=True)
        owners = self.queries.leads_of_keys(connection, by_key)
        ids = {id_ for found in owners.values() for id_ in found}
        states = self.queries.lead_states(connection, ids)
        around = self.queries.surroundings(connection, list(states))
        by: dict[str, Any] = {"now": self.clock(), "actor": actor}
        people = {id_: Conversation(state, around[id_], **by) for id_, state in states.items()}
        opted_out = set()
        for key, found in owners.items():
            for id_ in found:
                if id_ not in people:
                    continue
                if people[id_].lead.opted_out_at is None:
                    opted_out.add(id_)
                # Of those who are out too: what was said before, by whom, may be taken back.
                people[id_].opt_out(by_key[key][1], via)
        events: list[Event] = [event for person in people.values() for event in person.events]
        nobodys = [wish for key, wish in by_key.items() if always or key not in owners]
        remembered = self.remember(connection, nobodys, **by)
        self.record(connection, [*events, *remembered])
        return len(opted_out), len(remembered)

    def remember(
        self,
        connection: Any,
        wishes: Iterable[tuple[Address, str]],
        said_at: datetime | None = None,
        **by: Any,
    ) -> list[Event]:
        """The events that suppress addresses, which said so themselves at ``said_at``, if anybody
        did. ``by`` has ``now`` and ``actor``."""
        said_by = {suppression.name(a.key, a.scope): (a, said) for a, said in wishes}
        ids = self.suppression_ids(connection, [address for address, _ in said_by.values()])
        by_id = {id_: said_by[name] for name, id_ in ids.items()}
        states = self.queries.suppressions(connection, by_id)
        return [
            event
            for id_, (address, said) in by_id.items()
            for event in suppression.suppress(states.get(id_), id_, address, said, said_at, **by)
        ]

    def release_suppression(
        self, suppression_id: UUID, evidence: str, *, actor: str
    ) -> Suppression:
        """Forget that the address said no. Raises NotFoundError where it never did."""

        def decide(state: Suppression, *, now: Any, actor: str) -> tuple[Event, ...]:
            return suppression.release(state, evidence, now=now, actor=actor)

        return self._change(SUPPRESSION, suppression_id, decide, actor)
