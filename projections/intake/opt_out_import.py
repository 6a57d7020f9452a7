"""A file of people who said no: leads are opted out, and the phones of others suppressed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import msgspec

from domain.application.outreach import Outreach
from domain.errors import InvalidInputError
from projections.database.engine import Database
from projections.intake.files.layout import Column, mapped
from projections.intake.files.reader import open_people_file
from projections.intake.lead_import import CHUNK, Options, Rejected
from projections.intake.people import Person, PersonReader
from projections.intake.refusals import opt_out_people

EVIDENCE = "named in a file of people who said no"


class OptedOut(msgspec.Struct):
    """What such a file did: how many leads were ``opted_out`` by it, how many were ``known`` to be
    out, and how many phones that are nobody's were ``suppressed``."""

    opted_out: int = 0
    known: int = 0
    suppressed: int = 0
    rejected: list[Rejected] = []
    columns: dict[str, Column] = {}

    def counts(self) -> dict[str, int]:
        """Every count by its name, for people."""
        return {
            "opted out": self.opted_out,
            "known": self.known,
            "suppressed": self.suppressed,
            "rejected": len(self.rejected),
        }


def import_opt_outs(
    database: Database,
    outreach: Outreach,
    path: Path,
    options: Options,
    *,
    actor: str,
    progress: Callable[[int], None] = lambda rows: None,
) -> OptedOut:
    """Opt out the people whose phones are in the file; it needs no header.

    A column of opt-outs must not say of anybody that there is none. Of ``options`` these count:
    ``region``, ``map_`` and ``dry_run``. Raises InvalidInputError,
    before anything is written, as ``import_leads`` does.
    """
    file = open_people_file(path, mapped(options.map_), headless=True)
    reader = PersonReader(file.layout, region=options.region, devices={})
    result = OptedOut(columns=file.layout.columns)
    done = 0
    rows = file.rows()
    while chunk := list(islice(rows, CHUNK)):
        people: list[Person] = []
        for row in chunk:
            try:
                person = reader.read_refusal(row)
                if "opted_out" in file.layout.places and not person.opted_out:
                    raise InvalidInputError("opted_out", "yes: this file is of people who said no")
            except InvalidInputError as error:
                result.rejected.append(Rejected(row.line, error.field, str(error)))
            else:
                people.append(person)
        refused = opt_out_people(database, outreach, people, dry_run=options.dry_run, actor=actor)
        result.opted_out += refused.opted_out
        result.known += refused.known
        result.suppressed += refused.suppressed
        done += len(chunk)
        progress(done)
    return result
