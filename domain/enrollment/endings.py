"""Why an enrollment ends: what became of the steps that were not sent, and whether a person wished
it."""

from __future__ import annotations

from typing import Literal, NamedTuple, assert_never, cast

from domain.enrollment.events import StopReason
from domain.message.events import CancelReason

Wish = Literal[
    "opted_out", "replied", "by_hand", "merged", "sequence_cancelled", "operator", "erased"
]
UnsentStatus = Literal["pending", "processing", "queued", "failed", "unknown", "cancelled"]


class Unsent(NamedTuple):
    """A step, from 1, whose message is not sent: the message's status, and its reason."""

    step: int
    status: UnsentStatus
    reason: str | None


def is_none(step: Unsent) -> bool:
    """Whether it is no step any more, or no branch led to it."""
    return step.status == "cancelled" and step.reason in ("step_removed", "branch_not_taken")


def why_unsent(step: Unsent) -> StopReason | None:
    """None where the step may still be sent, or nobody knows whether it was."""
    match step.status:
        case "pending" | "processing" | "queued" | "unknown":
            return None
        case "failed":
            return "undeliverable"
        case "cancelled":
            return _why_cancelled(cast(CancelReason, step.reason))
        case never:
            assert_never(never)


def _why_cancelled(reason: CancelReason) -> StopReason:
    match reason:
        # No message of an enrollment has a campaign, and what ``is_none`` is no step.
        case "campaign_cancelled" | "step_removed" | "branch_not_taken":
            return "operator"
        case (
            "opted_out"
            | "replied"
            | "by_hand"
            | "merged"
            | "sequence_cancelled"
            | "operator"
            | "erased"
            | "undeliverable"
            | "device_retired"
            | "no_device"
            | "expired"
            | "no_consent"
        ):
            return reason
        case "empty_text" | "template_variable_missing":
            return "undeliverable"
        case never:
            assert_never(never)


def wish(reason: StopReason) -> Wish | None:
    """The wish for which the enrollment was stopped; None where it ended by itself. After a wish
    nothing more is sent. After an end by itself a failed message may be retried."""
    match reason:
        case (
            "opted_out"
            | "replied"
            | "by_hand"
            | "merged"
            | "sequence_cancelled"
            | "operator"
            | "erased"
        ):
            return reason
        case "undeliverable" | "device_retired" | "no_device" | "expired" | "no_consent":
            return None
        case never:
            assert_never(never)
