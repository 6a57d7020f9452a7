"""People of a file who said no: leads are opted out, and the phones of others suppressed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from domain.addresses import Address
from domain.application.outreach import Outreach
from projections.database.engine import Database
from projections.eventstore.append import StreamConflictError
from projections.eventstore.broken_streams import put_aside_broken
from projections.intake.people import Person, identity
from projections.readmodels import leads

EVIDENCE = "named in a file of people who said no"


class Refused(NamedTuple):
    """How many leads were opted out, how many phones are those of leads that were out already, and
    how many are nobody's."""

    opted_out: int
    known: int
    suppressed: int


def opt_out_people(
    database: Database,
    outreach: Outreach,
    people: Sequence[Person],
    *,
    dry_run: bool,
    actor: str,
) -> Refused:
    """Opt out every lead that has one of the phones, and suppress the phones of the others.

    It is one transaction, which is done anew where another one changes a lead meanwhile.
    """
    wishes = {
        identity(person.phone): (
            Address("phone", identity(person.phone)),
            person.evidence or EVIDENCE,
        )
        for person in people
    }
    if not wishes:
        return Refused(0, 0, 0)

    def work(connection: Connection) -> tuple[int, int]:
        owners = outreach.queries.leads_of_keys(connection, wishes)
        states = leads.states(connection, {id_ for ids in owners.values() for id_ in ids})
        still_in = sum(state.opted_out_at is None for state in states.values())
        if not dry_run:
            outreach.suppress_all(connection, wishes.values(), via="import", actor=actor)
        return still_in, len(owners)

    while True:
        try:
            opted_out, found = database.run("import", work)
            return Refused(opted_out, max(0, found - opted_out), len(wishes) - found)
        except StreamConflictError as conflict:
            put_aside_broken(database, conflict, "import", outreach.clock())
