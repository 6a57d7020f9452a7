"""The commands that change a sequence and its steps, also for those who are under way in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, cast
from uuid import UUID

import msgspec

from domain import cycles, sequence, sequence_approval, sequence_edits
from domain.application.base import SEQUENCE, Commands
from domain.event import Event
from domain.message import events as message_events
from domain.planning import Step
from domain.replanning import Journey, Replanner

# How many enrollments are planned anew with the change itself, while somebody waits for the answer.
AT_ONCE = 2000


class Replanned(NamedTuple):
    """So many pending messages were ``moved`` to another instant, ``added`` for new steps and
    ``cancelled`` for steps that are gone. So many enrollments are ``left``: the reaper goes on."""

    moved: int = 0
    added: int = 0
    cancelled: int = 0
    left: int = 0


class SequenceEditCommands(Commands):
    """Revise a sequence; revise, add and remove its steps. Each says what it did to those who are
    under way.

    They are planned anew in the transaction of the change, as far as they are not too many. The
    rest is the reaper's, after a crash too. What closes a cycle of sequences without any delay
    raises CycleError.
    """

    def revise_sequence(
        self,
        sequence_id: UUID,
        change: Callable[[sequence.Definition], sequence.Definition],
        *,
        seen: int | None = None,
        actor: str,
    ) -> Replanned:
        """Replace the definition but for its trigger and steps by what ``change`` makes of the
        present one. Other windows, or another time zone or first delay, plan those under way
        anew. Where ``change`` names a segment without what it asks, that is looked up. Raises
        WrongStateError where the sequence is not at the version ``seen`` any more."""

        def decide(
            state: sequence.Sequence, *, now: datetime, actor: str, connection: Any
        ) -> Sequence[Event]:
            changed = change(state.definition)
            if changed.segment is None:
                asked = self._segment(connection, changed.segment_id)
                changed = sequence.asking(changed, asked)
            return sequence_edits.revise(state, changed, now=now, actor=actor)

        return self._edit(sequence_id, decide, actor, connects=True, seen=seen)

    def revise_step(
        self,
        sequence_id: UUID,
        number: int,
        *,
        check: Callable[[Step], None] = lambda step: None,
        seen: int | None = None,
        actor: str,
        **content: Any,
    ) -> Replanned:
        """Give step ``number``, from 1, new content for every message that is not dispatched.
        Another delay or time plans it, and those after it, anew.

        ``content`` has some of the fields of ``planning.Step`` but for its content's id; the others
        stay. ``check`` may refuse the new step. Raises NotFoundError where there is no such step,
        and WrongStateError where the sequence is not at the version ``seen`` any more.
        """

        def decide(state: sequence.Sequence, *, now: datetime, actor: str) -> Sequence[Event]:
            place = sequence.place_of(state.definition, number)
            present = msgspec.structs.asdict(state.definition.steps[place])
            del present["content_id"]
            merged = {**present, **content}
            events = sequence_edits.revise_step(state, number, **merged, now=now, actor=actor)
            for event in events:
                if isinstance(event, sequence.SequenceStepRevised):
                    check(event.step)
            return events

        return self._edit(sequence_id, decide, actor, seen=seen)

    def add_step(
        self, sequence_id: UUID, before: int | None = None, *, actor: str, **content: Any
    ) -> Replanned:
        """Add a step before the step of the number ``before``, or at the end, for those under way
        too. ``content`` has fields of ``planning.Step`` but for its content's id."""
        decide = partial(sequence_edits.add_step, before=before, **content)
        return self._edit(sequence_id, decide, actor)

    def remove_step(self, sequence_id: UUID, number: int, *, actor: str) -> Replanned:
        """Take the step of that number away, and cancel what is pending of it. Raises NotFoundError
        where there is no such step, and WrongStateError for the only one."""
        return self._edit(sequence_id, partial(sequence_edits.remove_step, number=number), actor)

    def approve_sequence(
        self, sequence_id: UUID, *, seen: int | None = None, actor: str
    ) -> Replanned:
        """Approve a draft, or carry out what was proposed. Raises NotAllowedError for who wrote or
        proposed it."""
        decide = partial(sequence_approval.approve, seen=seen)
        return self._edit(sequence_id, decide, actor, approves=True)

    def discard_proposals(self, sequence_id: UUID, *, actor: str) -> None:
        """Do nothing of what was proposed."""
        self._change(SEQUENCE, sequence_id, sequence_approval.discard, actor)

    def behind(self, connection: Any, limit: int) -> tuple[Replanner, list[Journey]] | None:
        """Lock up to ``limit`` enrollments of one sequence that are still to be planned anew, and
        give who plans them. None if there is none."""
        found = self.queries.behind(connection, limit)
        if found is None:
            return None
        state, journeys = found
        return self._replanner(state, ()), journeys

    def _edit(
        self,
        sequence_id: UUID,
        decide: Callable[..., Sequence[Event]],
        actor: str,
        *,
        connects: bool = False,
        approves: bool = False,
        seen: int | None = None,
    ) -> Replanned:
        """What the events of ``decide(state, now=..., actor=...)`` did to those under way. One that
        ``connects`` gets the ``connection`` of the transaction too. Under four eyes one that does
        not approve makes proposals."""
        done: list[Event] = []

        def decide_for_all(
            connection: Any, state: sequence.Sequence, now: datetime
        ) -> Sequence[Event]:
            more = {"connection": connection} if connects else {}
            proposes = self.house.four_eyes and not approves and state.status != "draft"
            base = sequence_approval.ahead(state, now=now, actor=actor) if proposes else state
            done[:] = decide(base, now=now, actor=actor, **more)
            if proposes:
                done[:] = sequence_approval.proposed(state, done, now=now, actor=actor)
            after = cast(sequence.Sequence, SEQUENCE.fold(state, done))
            if after.status != "inactive" and not _same_link(state, after):
                self._refuse_cycle(connection, sequence_id, after.definition)
            if any(map(sequence.plans_anew, done)):
                journeys = self.queries.journeys(connection, after, AT_ONCE)
                replanner = self._replanner(state, done)
                for journey in journeys:
                    done.extend(replanner.replan(journey, now=now, actor=actor))
            return done

        self._change_with_queries(SEQUENCE, sequence_id, decide_for_all, seen)
        with self.queries.transaction() as connection:
            left = self.queries.count_behind(connection, sequence_id)
        kinds = Counter(map(type, done))
        return Replanned(
            kinds[message_events.MessageRescheduled],
            kinds[message_events.MessageScheduled],
            kinds[message_events.MessageCancelled],
            left,
        )

    def _replanner(self, state: sequence.Sequence, new: Sequence[Event]) -> Replanner:
        """Plans by the sequence as it is after the ``new`` events, too."""
        stored: list[Any] = list(self.events.get(state.id, gt=1, lte=state.version))
        after = cast(sequence.Sequence, SEQUENCE.fold(state, new))
        return Replanner(after, [*stored, *new], self.house)

    def _refuse_cycle(
        self, connection: Any, sequence_id: UUID, definition: sequence.Definition
    ) -> None:
        if definition.next_trigger is not None:
            found = self.queries.next_triggers(connection, alone=True)
            others = [cycles.link(id_, other) for id_, other in found.items() if id_ != sequence_id]
            cycles.refuse(cycles.link(sequence_id, definition), others)


def _same_link(before: sequence.Sequence, after: sequence.Sequence) -> bool:
    """Whether the change is none for a cycle: one that there was before, from earlier versions, is
    no reason to refuse another text."""
    link = cycles.link(after.id, after.definition)._replace(name=before.definition.name)
    return link == cycles.link(before.id, before.definition)
