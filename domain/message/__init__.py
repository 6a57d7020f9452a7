"""A message: one content to one lead through one device.

Import state and decisions from here, the events from ``events``. This room knows no other
aggregate.
"""

from domain.message.decisions import (
    cancel,
    claim,
    confirm_sent,
    defer,
    dispatch,
    fail,
    look_again,
    lose_track,
    move,
    release,
    reschedule,
    resolve,
    retry,
)
from domain.message.recovery import DispatchOutcome, record_again
from domain.message.scheduling import (
    schedule_composed,
    schedule_for_campaign,
    schedule_for_step,
)
from domain.message.state import (
    STATUSES,
    InHand,
    Known,
    Message,
    Origin,
    Status,
    campaign_message_id,
    composed_message_id,
    evolve,
    fold,
    step_message_id,
)

__all__ = [
    "STATUSES",
    "DispatchOutcome",
    "InHand",
    "Known",
    "Message",
    "Origin",
    "Status",
    "campaign_message_id",
    "cancel",
    "claim",
    "composed_message_id",
    "confirm_sent",
    "defer",
    "dispatch",
    "evolve",
    "fail",
    "fold",
    "look_again",
    "lose_track",
    "move",
    "record_again",
    "release",
    "reschedule",
    "resolve",
    "retry",
    "schedule_composed",
    "schedule_for_campaign",
    "schedule_for_step",
    "step_message_id",
]
