"""An enrollment: one lead's one journey through one sequence."""

from domain.enrollment.decisions import branch, call_off, end, enroll, replan, stop
from domain.enrollment.endings import Unsent, UnsentStatus, Wish, wish
from domain.enrollment.events import (
    EnrollmentBranched,
    EnrollmentCompleted,
    EnrollmentReplanned,
    EnrollmentStopped,
    LeadEnrolled,
    StopReason,
)
from domain.enrollment.state import STATUSES, Enrollment, Status, enrollment_id, evolve, fold

__all__ = [
    "STATUSES",
    "Enrollment",
    "EnrollmentBranched",
    "EnrollmentCompleted",
    "EnrollmentReplanned",
    "EnrollmentStopped",
    "LeadEnrolled",
    "Status",
    "StopReason",
    "Unsent",
    "UnsentStatus",
    "Wish",
    "branch",
    "call_off",
    "end",
    "enroll",
    "enrollment_id",
    "evolve",
    "fold",
    "replan",
    "stop",
    "wish",
]
