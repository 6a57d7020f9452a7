"""The commands on campaigns. The campaigner, a runner, starts them and adds their audience."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from domain import campaign
from domain.application.base import CAMPAIGN, Commands, applied
from domain.event import Event


class CampaignCommands(Commands):
    """Schedule, revise, pause, resume, cancel."""

    def get_campaign(self, campaign_id: UUID) -> campaign.Campaign:
        """The campaign's present state. Raises NotFoundError."""
        return self._load(CAMPAIGN, campaign_id)

    def schedule_campaign(
        self, definition: campaign.Definition, *, actor: str
    ) -> campaign.Campaign:
        """Plan a campaign for its ``scheduled_at``; one in the past starts at once."""
        event = campaign.schedule(self.new_id(), definition, now=self.clock(), actor=actor)
        return self._begin(CAMPAIGN, event)

    def revise_campaign(
        self,
        campaign_id: UUID,
        definition: campaign.Definition | Callable[[campaign.Definition], campaign.Definition],
        *,
        actor: str,
    ) -> campaign.Campaign:
        """Replace the definition; ``definition`` is the new one, or makes it of the present one.

        Raises WrongStateError for a criterion or instant that changes after the start.
        """

        def decide(state: campaign.Campaign, *, now: datetime, actor: str) -> Sequence[Event]:
            new = applied(definition, state.definition)
            return campaign.revise(state, new, now=now, actor=actor)

        return self._change(CAMPAIGN, campaign_id, decide, actor)

    def pause_campaign(self, campaign_id: UUID, *, actor: str) -> campaign.Campaign:
        """Hold what is pending."""
        return self._change(CAMPAIGN, campaign_id, campaign.pause, actor)

    def resume_campaign(self, campaign_id: UUID, *, actor: str) -> campaign.Campaign:
        """Free what was held."""
        return self._change(CAMPAIGN, campaign_id, campaign.resume, actor)

    def cancel_campaign(self, campaign_id: UUID, *, actor: str) -> campaign.Campaign:
        """Cancel for good: what is pending is held at once and cancelled by the reaper."""
        return self._change(CAMPAIGN, campaign_id, campaign.cancel, actor)
