"""The commands on consents: what a person agreed to, and agrees to no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import lead
from domain.application.base import LEAD, Commands
from domain.event import Event


class ConsentCommands(Commands):
    """Record a consent, withdraw it."""

    def give_consent(self, lead_id: UUID, agreed: lead.Agreed, *, actor: str) -> lead.Lead:
        """Record that the person agreed; nothing follows where that is recorded. Raises
        WrongStateError for a lead that was erased or merged into another."""

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            recorded = self.queries.consents(connection, [lead_id]).get(lead_id, ())
            return lead.give_consent(state, agreed, recorded, now=now, actor=actor)

        return self._change_with_queries(LEAD, lead_id, decide)

    def withdraw_consent(
        self, lead_id: UUID, purpose: str, evidence: str, *, actor: str
    ) -> lead.Lead:
        """Record that the person agrees no more to that purpose: what requires it and was not
        dispatched is not sent. Raises WrongStateError where no such consent is in force."""

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            recorded = self.queries.consents(connection, [lead_id]).get(lead_id, ())
            return lead.withdraw_consent(state, purpose, evidence, recorded, now=now, actor=actor)

        return self._change_with_queries(LEAD, lead_id, decide)
