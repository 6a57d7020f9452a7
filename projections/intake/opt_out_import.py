"""A file of people who said no: leads are opted out, and the phones of others suppressed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from domain.application.outreach import Outreach
from domain.errors import InvalidInputError
from projections.database.engine import Database
from projections.intake.dry_run import DryRun
from projections.intake.files.layout import Column, mapped
from projections.intake.files.reader import open_people_file
from projections.intake.lead_import import CHUNK, Options, Rejections
from projections.intake.people import Person, PersonReader, identity
from projections.intake.refusals import Refusals
from projections.intake.rejected_rows import RejectedRow, forget


class OptedOut(Rejections):
    """What such a file did: how many leads were ``opted_out`` by it, how many phones were ``known``
    to be out or are of people who were erased, and how many that are nobody's are ``suppressed``.

    A phone counts once, wherever it comes again. One of a row that is ``rejected`` counts too, if
    it could be read and the row says no.
    """

    opted_out: int = 0
    known: int = 0
    suppressed: int = 0
    columns: dict[str, Column] = {}

    def counts(self) -> dict[str, int]:
        """Every count by its name, for people."""
        return {
            "opted out": self.opted_out,
            "known": self.known,
            "suppressed": self.suppressed,
            "rejected": self.rejected_count,
        }


def import_opt_outs(
    database: Database,
    outreach: Outreach,
    path: Path,
    options: Options,
    *,
    actor: str,
    progress: Callable[[int], None] = lambda rows: None,
    rejected: RejectedRow = forget,
) -> OptedOut:
    """Opt out the people whose phones are in the file; it needs no header.

    A column of opt-outs must not say of anybody that there is none. A row that is rejected for
    something else is heard, if its phone can be read. Of ``options`` these count:
    ``region``, ``map_`` and ``dry_run``. Raises InvalidInputError,
    before anything is written, as ``import_leads`` does.
    """
    file = open_people_file(path, mapped(options.map_), headless=True)
    reader = PersonReader(file.layout, region=options.region, devices={}, refusers=True)
    dry_run = DryRun() if options.dry_run else None
    hear = Refusals(database, outreach, actor=actor, dry_run=dry_run)
    result = OptedOut(columns=file.layout.columns)
    seen: set[str] = set()
    done = 0
    rows = file.rows()
    while chunk := list(islice(rows, CHUNK)):
        people: list[Person] = []
        for row in chunk:
            try:
                people.append(reader.read_refusal(row))
            except InvalidInputError as error:
                result.reject(row.line, error.field, str(error))
                people.extend(reader.refusal(row))
        refused = hear([person for person in people if identity(person.phone) not in seen])
        seen.update(identity(person.phone) for person in people)
        result.opted_out += refused.opted_out
        result.known += refused.known
        result.suppressed += refused.suppressed
        result.close([*file.layout.columns], chunk, rejected)
        done += len(chunk)
        progress(done)
    return result
