"""What the branches of a sequence decided of a person."""

from __future__ import annotations

from uuid import UUID

from domain.enrollment import EnrollmentBranched
from projections.audit import event_log
from projections.audit.descriptions import sentence
from projections.database.engine import Database


def decided(database: Database, enrollment_id: UUID) -> str:
    """The last decision of the enrollment's branches, as a sentence; empty if there is none."""
    history = [event for _, event in event_log.history(database, [enrollment_id])]
    taken = [event for event in history if isinstance(event, EnrollmentBranched)]
    return sentence(taken[-1]) if taken else ""
