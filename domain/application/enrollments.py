"""The commands on enrollments: one lead enters a sequence now, or leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import RecordConflictError

from domain import audience, enrolling, enrollment, lead, message, sequence, values
from domain.application.base import ATTEMPTS, ENROLLMENT, SEQUENCE, Commands
from domain.errors import AlreadyExistsError, ConflictError, NotFoundError, WrongStateError
from domain.event import Event


class EnrollmentCommands(Commands):
    """Enroll one lead, stop an enrollment."""

    def enroll_lead(self, lead_id: UUID, sequence_id: UUID, *, actor: str) -> enrollment.Enrollment:
        """Let one lead enter an active sequence now, whether or not it has the trigger or meets the
        criteria. A trigger that it has is consumed, as the enroller would.

        Raises NotFoundError; WrongStateError for a sequence that is not active, a lead that was
        erased or opted out or does not give a consent that is required, and one that no device can
        write to; AlreadyExistsError, with the
        enrollment that keeps the lead out, where the re-entry policy does not let it in again; and
        ConflictError after ``ATTEMPTS`` lost races.
        """
        for _ in range(ATTEMPTS):
            entered = self._load(SEQUENCE, sequence_id)
            try:
                with self.queries.transaction() as connection:
                    events = self._enter(connection, lead_id, entered, actor)
                    self.record(connection, events)
            except RecordConflictError as conflict:
                self.queries.put_aside_broken(conflict, self.clock())
                continue
            return cast(enrollment.Enrollment, enrollment.fold(None, events[:1]))
        raise ConflictError("this lead is changed by others again and again; try later")

    def _enter(
        self, connection: Any, lead_id: UUID, entered: sequence.Sequence, actor: str
    ) -> list[Event]:
        """The events of a lead that enters; the enrollment's first is the first of them."""
        person = self.queries.lead_states(connection, [lead_id]).get(lead_id)
        if person is None:
            raise NotFoundError("lead", lead_id)
        if entered.status != "active":
            raise WrongStateError("sequence", entered.status, "enroll a lead in")
        if person.erased_at is not None:
            raise WrongStateError("lead", "erased", "enroll")
        if person.merged_into is not None:
            raise WrongStateError("lead", f"merged into {person.merged_into}", "enroll")
        definition = entered.definition
        earlier = self.queries.enrollments(connection, lead_id, entered.id)
        for each in earlier:
            if enrolling.keeps_out(definition.reentry, each):
                raise AlreadyExistsError("enrollment", each.id)
        statuses = self.queries.device_statuses(connection)
        sender = audience.Senders(statuses, device_ids=definition.device_ids).admit(
            lead_id,
            self.queries.ties(connection, [lead_id], statuses)[lead_id],
            opted_out=person.opted_out_at is not None,
            unreachable=person.unreachable_at is not None,
            agrees=self._agrees(connection, lead_id, definition.requires_consent),
        )
        if not isinstance(sender, UUID):
            raise WrongStateError("lead", sender, "enroll")
        return enrolling.enter(
            enrolling.Entrant(
                lead_id,
                person.version,
                person.triggers,
                person.profile.timezone,
                person.phone,
            ),
            [
                enrolling.Entry(
                    entered,
                    1 + max((each.entry for each in earlier), default=0),
                    values.matching(definition.trigger, person.triggers),
                    sender,
                )
            ],
            enrolling.Plans(self.house),
            now=self.clock(),
            actor=actor,
        )

    def _agrees(self, connection: Any, lead_id: UUID, purpose: str | None) -> bool:
        """Whether the lead agrees to the purpose; everybody does where it is None."""
        if purpose is None:
            return True
        recorded = self.queries.consents(connection, [lead_id]).get(lead_id, ())
        return lead.held(recorded, purpose) is not None

    def stop_enrollment(self, enrollment_id: UUID, *, actor: str) -> enrollment.Enrollment:
        """Stop an enrollment as an operator wishes, and cancel every message of it that is not
        dispatched. Raises NotFoundError, and WrongStateError where it has ended."""

        def decide(connection: Any, state: enrollment.Enrollment, now: datetime) -> Sequence[Event]:
            stopped = enrollment.call_off(state, now=now, actor=actor)
            around = self.queries.surroundings(connection, [state.lead_id])[state.lead_id]
            unwanted = [each for each in around.unsent if each.enrollment_id == state.id]
            return (
                *stopped,
                *(message.cancel(each, "operator", now=now, actor=actor) for each in unwanted),
            )

        return self._change_with_queries(ENROLLMENT, enrollment_id, decide)
