"""A campaign: one message to every lead that matches at the scheduled instant.

pending -> triggering -> triggered -> finished; paused and cancelled from any of the first three.
It starts at its instant (triggering); when every lead was looked at it is triggered.

Import state and decisions from here, the events from ``events``, the definition from
``definition``. This room knows no other aggregate.
"""

from domain.campaign.decisions import (
    cancel,
    complete_audience,
    extend_audience,
    finish,
    pause,
    reopen,
    resume,
    revise,
    schedule,
    start,
)
from domain.campaign.state import Campaign, Status, evolve, fold

__all__ = [
    "Campaign",
    "Status",
    "cancel",
    "complete_audience",
    "evolve",
    "extend_audience",
    "finish",
    "fold",
    "pause",
    "reopen",
    "resume",
    "revise",
    "schedule",
    "start",
]
