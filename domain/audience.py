"""Who gets a message, from which device, and why others get none.

One rule for the campaigner, the enroller, the preview and why-not. Which leads match a niche, a
target status and a segment is asked in SQL for many leads at once (``readmodels.leads.MATCHES``,
``readmodels.segment_conditions``), and here for one; tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from domain import device_choice, values
from domain import template as templates
from domain.campaign.definition import Definition, groups
from domain.content import Content
from domain.content_check import sends_template
from domain.device import Status
from domain.device_choice import Ties
from domain.lead import Lead
from domain.segment_matching import History, failing
from domain.segments import Predicate

# Why a lead that matches gets no message.
Exclusion = Literal[
    "opted_out",
    "unreachable",
    "no_consent",
    "hold_out",
    "no_device",
    "device_retired",
    "template_variable_missing",
]
# Which criterion a lead does not meet.
Mismatch = Literal["erased", "merged", "niche", "target_status", "segment"]


class Asked(NamedTuple):
    """What a segment asks: its ``predicate``, asked at ``now`` of a lead with that ``past``."""

    predicate: Predicate
    past: History
    now: datetime


def nobody(lead_id: UUID) -> bool:
    """Whom a campaign without a hold-out group leaves out."""
    return False


class Senders:
    """Chooses a device for one lead after the other; ``statuses`` has every device there is.

    Leads that nothing ties to a device are shared out among ``device_ids``, or among all where
    there are none. A campaign has one ``written`` content for all; ``gateways`` has the gateway of
    every device.
    ``is_held_out`` says of a lead whether a campaign leaves it out to compare.
    ``needs_names`` says whether the choice depends on what the content may name of a lead.
    """

    def __init__(
        self,
        statuses: Mapping[UUID, Status],
        gateways: Mapping[UUID, str] | None = None,
        written: Content | None = None,
        device_ids: Collection[UUID] = (),
        is_held_out: Callable[[UUID], bool] = nobody,
    ) -> None:
        self._statuses = statuses
        self._shared = device_choice.pool(statuses, device_ids)
        self._gateways = gateways or {}
        self._written = written
        self._is_held_out = is_held_out
        self.needs_names = (
            written is not None
            and written.template is not None
            and any(sends_template(written, gateway) for gateway in self._gateways.values())
            and templates.has_placeholders(written.template, written.rules)
        )

    def admit(
        self,
        lead_id: UUID,
        ties: Ties,
        *,
        opted_out: bool,
        unreachable: bool = False,
        agrees: bool = True,
        names: Mapping[str, str] | None = None,
    ) -> UUID | Exclusion:
        """The device that writes to the lead, or the reason why the lead gets no message. ``names``
        are those of ``rendering.names_of``, where they are needed. The lead ``agrees`` to
        what a consent is required for, if one is."""
        if opted_out:
            return "opted_out"
        if unreachable:
            return "unreachable"
        if not agrees:
            return "no_consent"
        if self._is_held_out(lead_id):
            return "hold_out"
        sender = device_choice.choose(lead_id, ties, self._statuses, self._shared)
        if isinstance(sender, UUID) and self._lacks_a_value(sender, names):
            return "template_variable_missing"
        return sender

    def _lacks_a_value(self, sender: UUID, names: Mapping[str, str] | None) -> bool:
        written = self._written
        if not self.needs_names or names is None or written is None or written.template is None:
            return False
        return sends_template(written, self._gateways.get(sender, "")) and templates.lacks_a_value(
            written.template, names, written.rules
        )


def of_campaign(
    campaign_id: UUID,
    definition: Definition,
    statuses: Mapping[UUID, Status],
    gateways: Mapping[UUID, str],
) -> Senders:
    """What chooses for the leads of a campaign, with its hold-out group."""
    held_out = groups(campaign_id, definition).is_held_out
    return Senders(statuses, gateways, definition, definition.device_ids, held_out)


def mismatch(
    lead: Lead, niche: tuple[str, ...], target_status: str, asked: Asked | None = None
) -> Mismatch | None:
    """The first criterion that the lead does not meet; None where it meets all. An empty ``niche``,
    the target status ``all`` and no segment are met by everybody."""
    if lead.erased_at is not None:
        return "erased"
    if lead.merged_into is not None:
        return "merged"
    if niche and not any(values.matching(token, lead.profile.niche) for token in niche):
        return "niche"
    if target_status not in ("all", lead.profile.target_status):
        return "target_status"
    if asked is not None and failing(asked.predicate, lead, asked.past, asked.now) is not None:
        return "segment"
    return None
