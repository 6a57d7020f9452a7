"""The commands on campaigns. The campaigner, a runner, starts them and adds their audience."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain import campaign, message
from domain.application.base import CAMPAIGN, Commands, applied
from domain.campaign.definition import Definition
from domain.event import Event

# How many messages are looked at again in one transaction.
AT_ONCE = 2000


class CampaignCommands(Commands):
    """Draft, schedule, copy, revise, pause, resume, cancel."""

    def get_campaign(self, campaign_id: UUID) -> campaign.Campaign:
        """The campaign's present state. Raises NotFoundError."""
        return self._load(CAMPAIGN, campaign_id)

    def schedule_campaign(self, definition: Definition, *, actor: str) -> campaign.Campaign:
        """Plan a campaign for its ``scheduled_at``; one in the past starts at once."""

        def make(new: Definition) -> Event:
            by: dict[str, Any] = {"now": self.clock(), "actor": actor}
            return campaign.schedule(self.new_id(), new, four_eyes=self.house.four_eyes, **by)

        return self._begin_with_segment(definition, make)

    def draft_campaign(self, definition: Definition, *, actor: str) -> campaign.Campaign:
        """Write a campaign down without planning it."""

        def make(new: Definition) -> Event:
            return campaign.draft(self.new_id(), new, now=self.clock(), actor=actor)

        return self._begin_with_segment(definition, make)

    def schedule_draft(
        self, campaign_id: UUID, change: Callable[[Definition], Definition], *, actor: str
    ) -> campaign.Campaign:
        """Plan a draft; ``change`` makes its definition of the present one. Raises
        WrongStateError for what is no draft."""

        def decide(connection: Any, state: campaign.Campaign, now: datetime) -> Sequence[Event]:
            new = self._asking(connection, change(state.definition), state)
            return campaign.schedule_draft(
                state, new, four_eyes=self.house.four_eyes, now=now, actor=actor
            )

        return self._change_with_queries(CAMPAIGN, campaign_id, decide)

    def copy_campaign(
        self, campaign_id: UUID, *, name: str | None = None, actor: str
    ) -> campaign.Campaign:
        """Write a draft that is like the campaign, in whatever status that is. Raises
        NotFoundError."""
        present = self.get_campaign(campaign_id)

        def make(definition: Definition) -> Event:
            like = msgspec.structs.replace(present, definition=definition)
            return campaign.copy(like, self.new_id(), name, now=self.clock(), actor=actor)

        return self._begin_with_segment(present.definition, make)

    def revise_campaign(
        self,
        campaign_id: UUID,
        definition: Definition | Callable[[Definition], Definition],
        *,
        seen: int | None = None,
        actor: str,
    ) -> campaign.Campaign:
        """Replace the definition; ``definition`` is the new one, or makes it of the present one.
        One that names a segment without what it asks has that looked up, where it is kept.
        With other windows, or another time zone, what waits for a window is looked at again.

        Raises WrongStateError for a criterion or instant that changes after the start, and where
        the campaign is not at the version ``seen`` any more.
        """
        opens = False

        def decide(connection: Any, state: campaign.Campaign, now: datetime) -> Sequence[Event]:
            nonlocal opens
            new = self._asking(connection, applied(definition, state.definition), state)
            events = campaign.revise(
                state, new, four_eyes=self.house.four_eyes, now=now, actor=actor
            )
            present = state.definition
            opens = (new.windows, new.timezone) != (present.windows, present.timezone)
            return events

        revised = self._change_with_queries(CAMPAIGN, campaign_id, decide, seen)
        if opens:
            self._look_again(campaign_id, actor)
        return revised

    def _look_again(self, campaign_id: UUID, actor: str) -> None:
        """What waits for a window is due now: the claim says where it has to wait still. If this
        ends half-way, the rest waits for the window that it knows."""
        last: UUID | None = None
        while True:
            with self.queries.transaction() as connection:
                now = self.clock()
                found = self.queries.put_off(connection, campaign_id, last, AT_ONCE)
                if not found:
                    return
                last = found[-1].id
                self.record(connection, message.look_again(found, now=now, actor=actor))
                self.queries.wake_broadcasters(connection)

    def approve_campaign(
        self, campaign_id: UUID, *, seen: int | None = None, actor: str
    ) -> campaign.Campaign:
        """Approve what the campaign says, and to whom. Raises NotAllowedError for who wrote or
        changed it."""

        def decide(connection: Any, state: campaign.Campaign, now: datetime) -> Sequence[Event]:
            segment = state.segment
            if state.triggered_at is None:
                # What somebody looked at. One that was written before four eyes keeps none.
                segment = state.definition.segment or self._segment(
                    connection, state.definition.segment_id
                )
            return campaign.approve(state, segment, seen=seen, now=now, actor=actor)

        return self._change_with_queries(CAMPAIGN, campaign_id, decide)

    def pause_campaign(self, campaign_id: UUID, *, actor: str) -> campaign.Campaign:
        """Hold what is pending."""
        return self._change(CAMPAIGN, campaign_id, campaign.pause, actor)

    def resume_campaign(self, campaign_id: UUID, *, actor: str) -> campaign.Campaign:
        """Free what was held."""

        def decide(connection: Any, state: campaign.Campaign, now: datetime) -> Sequence[Event]:
            counted = self.queries.counted(connection, campaign_id)
            return campaign.resume(state, counted, now=now, actor=actor)

        return self._change_with_queries(CAMPAIGN, campaign_id, decide)

    def cancel_campaign(self, campaign_id: UUID, *, actor: str) -> campaign.Campaign:
        """Cancel for good: what is pending is held at once and cancelled by the reaper."""
        return self._change(CAMPAIGN, campaign_id, campaign.cancel, actor)

    def _begin_with_segment(
        self, definition: Definition, make: Callable[[Definition], Event]
    ) -> campaign.Campaign:
        """The campaign that begins with the event that ``make`` gives of the definition. Raises
        InvalidInputError where there is no segment of that id."""
        with self.queries.transaction() as connection:
            event = make(self._asking(connection, definition))
            self.record(connection, (event,))
        return campaign.evolve(None, event)

    def _asking(
        self, connection: Any, new: Definition, state: campaign.Campaign | None = None
    ) -> Definition:
        """The ``new`` definition with what its segment asks: under four eyes that is kept when the
        campaign names a segment, so that nobody changes what another one looks at. What was
        approved, or is over or under way, goes by what it has. Raises InvalidInputError where there
        is no segment of that id."""
        if state is not None and new.segment_id == state.definition.segment_id:
            settled = state.approved or state.triggered_at or state.status == "cancelled"
            if settled or new.segment is not None or not self.house.four_eyes:
                return msgspec.structs.replace(new, segment=state.definition.segment)
        asked = self._segment(connection, new.segment_id)
        return msgspec.structs.replace(new, segment=asked if self.house.four_eyes else None)
