"""Who gets a message, from which device, and why others get none.

One rule for the campaigner, the enroller, the preview and why-not. Which leads match a niche and a
target status is asked in SQL for many leads at once (``readmodels.leads.MATCHES``), and here for
one; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from domain import device_choice, values
from domain.device import Status
from domain.lead import Lead

# Why a lead that matches gets no message.
Exclusion = Literal["opted_out", "no_device", "device_retired"]
# Which criterion a lead does not meet.
Mismatch = Literal["erased", "niche", "target_status"]


class Senders:
    """Chooses a device for one lead after the other; ``statuses`` has every device there is."""

    def __init__(self, statuses: Mapping[UUID, Status]) -> None:
        self._statuses = statuses
        self._in_service = device_choice.in_service(statuses)

    def admit(self, lead_id: UUID, own: UUID | None, *, opted_out: bool) -> UUID | Exclusion:
        """The device that writes to the lead, whose ``own`` device goes before all others, or the
        reason why the lead gets no message."""
        if opted_out:
            return "opted_out"
        return device_choice.choose(lead_id, own, self._statuses, self._in_service)


def mismatch(lead: Lead, niche: tuple[str, ...], target_status: str) -> Mismatch | None:
    """The first criterion that the lead does not meet; None where it meets all. An empty ``niche``
    and the target status ``all`` are met by everybody."""
    if lead.erased_at is not None:
        return "erased"
    if niche and not any(values.matching(token, lead.profile.niche) for token in niche):
        return "niche"
    if target_status not in ("all", lead.profile.target_status):
        return "target_status"
    return None
