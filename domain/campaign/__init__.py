"""A campaign: one message to every lead that matches at the scheduled instant.

draft -> pending -> triggering -> triggered -> finished; cancelled from any but the last, paused
from any but that and a draft.
It starts at its instant (triggering); when every lead was looked at it is triggered.

Import state and decisions from here, the events from ``events``, the definition from
``definition``. This room knows no other aggregate.
"""

from domain.campaign.decisions import (
    approve,
    brake,
    cancel,
    complete_audience,
    copy,
    draft,
    extend_audience,
    finish,
    note_test,
    pause,
    reopen,
    resume,
    revise,
    schedule,
    schedule_draft,
    start,
)
from domain.campaign.state import Approval, Campaign, Counted, Status, evolve, fold

__all__ = [
    "Approval",
    "Campaign",
    "Counted",
    "Status",
    "approve",
    "brake",
    "cancel",
    "complete_audience",
    "copy",
    "draft",
    "evolve",
    "extend_audience",
    "finish",
    "fold",
    "note_test",
    "pause",
    "reopen",
    "resume",
    "revise",
    "schedule",
    "schedule_draft",
    "start",
]
