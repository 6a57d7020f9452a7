"""The application: its methods are the commands, one module of them per aggregate."""

from __future__ import annotations

from domain.application.bulk import BulkCommands
from domain.application.campaigns import CampaignCommands
from domain.application.consents import ConsentCommands
from domain.application.devices import DeviceCommands
from domain.application.enrollments import EnrollmentCommands
from domain.application.leads import LeadCommands
from domain.application.messages import MessageCommands
from domain.application.segments import SegmentCommands
from domain.application.sequences import SequenceCommands
from domain.application.suppressions import SuppressionCommands
from domain.application.trials import TrialCommands


class Outreach(
    BulkCommands,
    LeadCommands,
    ConsentCommands,
    TrialCommands,
    SuppressionCommands,
    SequenceCommands,
    EnrollmentCommands,
    CampaignCommands,
    MessageCommands,
    DeviceCommands,
    SegmentCommands,
):
    """Sendtrail's commands.

    ``env`` must select a persistence module. A reply that is one of ``stop_words`` as a whole opts
    its lead out. ``actor`` says in every command who gives it (``domain.event.Event`` lists the
    forms). A command returns the aggregate's state after it. It raises NotFoundError,
    WrongStateError, InvalidInputError or ConflictError, and then nothing is written.
    """
