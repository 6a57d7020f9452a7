"""A sequence that branches after its first step."""

from __future__ import annotations

from uuid import UUID

from domain import sequence as sequences
from domain.branches.table import Branch
from projections.container import Container
from tests.support.given import ACTOR

REPLIED = Branch(when="replied", within_hours=48, then=2)
SILENT = Branch(when="not_replied", within_hours=48, then=3)


def forked(
    container: Container, *table: Branch, bodies: str = "Offer Thanks Reminder Last"
) -> UUID:
    """A sequence that branches after its first step; the others come an hour after what is before
    them."""

    def definition(sequence_id: UUID) -> sequences.Definition:
        steps = tuple(
            sequences.step(
                sequence_id,
                1,
                number,
                body=body,
                delay_hours=1,
                branches=table if number == 1 else (),
            )
            for number, body in enumerate(bodies.split(), start=1)
        )
        return sequences.Definition(
            name="Fork", trigger="COLD", steps=steps, stop_on_reply=False, next_trigger="WARM"
        )

    made = container.outreach.define_sequence(definition, actor=ACTOR).id
    container.outreach.activate_sequence(made, actor=ACTOR)
    return made
