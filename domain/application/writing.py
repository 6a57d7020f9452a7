"""The command to write to one person, outside every campaign and sequence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import lead
from domain.application.base import LEAD, Commands
from domain.content import Content
from domain.conversation import Conversation
from domain.device_choice import UNTIED, choose, pool
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event


class WritingCommands(Commands):
    """Write to one person."""

    def write_to_lead(
        self, lead_id: UUID, written: Content, device_id: UUID | None = None, *, actor: str
    ) -> UUID:
        """Plan a message with the text ``written`` to the lead, due at once; returns its id.

        ``device_id`` sends it, or, if that is None, the device that the lead is tied to. Raises
        WrongStateError for a lead that may not be written to or that no device can write to, and
        InvalidInputError where ``device_id`` is not in service.
        """
        return self._write(lead_id, written, device_id, None, actor)

    def answer_by_hand(self, lead_id: UUID, written: Content, said_as: str, *, actor: str) -> UUID:
        """The same for what somebody typed in another program, to whom sequences leave the person;
        ``said_as`` is what that program calls it. Raises the same."""
        return self._write(lead_id, written, None, said_as, actor)

    def _write(
        self,
        lead_id: UUID,
        written: Content,
        device_id: UUID | None,
        said_as: str | None,
        actor: str,
    ) -> UUID:
        planned: UUID | None = None

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            nonlocal planned
            lead.require_writable(state)
            around = self.queries.surroundings(connection, [lead_id])
            person = Conversation(state, around[lead_id], now=now, actor=actor)
            device = self.writer(connection, lead_id, device_id)
            planned = person.write(written, device).originator_id
            if said_as is not None:
                person.by_hand(device, said_as, now)
            self.queries.wake_broadcasters(connection)
            return person.events

        self._change_with_queries(LEAD, lead_id, decide)
        assert planned is not None  # noqa: S101 - it was decided
        return planned

    def writer(
        self,
        connection: Any,
        lead_id: UUID,
        wanted: UUID | None,
        device_ids: Collection[UUID] = (),
    ) -> UUID:
        """The device that writes to the lead: ``wanted``, if that is not None, else the one that
        the lead is tied to, else one of the pool ``device_ids``."""
        statuses = self.queries.device_statuses(connection)
        if wanted is not None:
            if statuses.get(wanted, "retired") == "retired":
                raise InvalidInputError("device_id", "the id of a device that is in service")
            return wanted
        ties = self.queries.ties(connection, [lead_id], statuses).get(lead_id, UNTIED)
        chosen = choose(lead_id, ties, statuses, pool(statuses, device_ids))
        if isinstance(chosen, UUID):
            return chosen
        raise WrongStateError("lead", chosen, "write to")
