"""Import of leads from a file.

Good rows are registered, bad rows are reported, and importing a file twice changes nothing. The
file is read twice: first to check that it is a list of people at all, so that a file that is none
changes nothing; then to import it, a thousand rows to a transaction. The next thousand are read
while these are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from uuid import UUID

import msgspec

from domain import values
from domain.application.outreach import Outreach
from domain.errors import InvalidInputError
from projections.database.engine import Database
from projections.intake.ahead import ahead
from projections.intake.dry_run import DryRun
from projections.intake.files.foreign import Program, open_foreign_file
from projections.intake.files.layout import Column, mapped
from projections.intake.files.reader import PeopleFile, open_people_file
from projections.intake.files.tables import Row
from projections.intake.lead_writer import Leads, LeadWriter
from projections.intake.people import Person, PersonReader, identity
from projections.intake.refusals import Refusals
from projections.intake.rejected_rows import RejectedRow, forget
from projections.readmodels import devices

# Rows per transaction.
CHUNK = 1000
# Rejected rows that are told one by one: the first ones. A file of a million says no more by more.
MOST_REJECTED = 1000


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is imported.

    ``region`` is the country of phones without a country code, None if there must be one. ``map_``
    has pairs of ``FIELD:COLUMN``. ``update``: leads that are known get what the file gives.
    ``dry_run``: nothing is written. ``add_triggers``: triggers that everybody gets. ``program`` is
    what exported the file; None for a file as people have it.
    """

    region: str | None
    map_: tuple[str, ...] = ()
    update: bool = False
    dry_run: bool = False
    add_triggers: tuple[str, ...] = ()
    program: Program | None = None


class Rejected(msgspec.Struct, frozen=True):
    """A row that was not imported: the line where it begins, from 1, the field that is wrong, and
    why, without personal data."""

    line: int
    field: str
    reason: str


class Rejections(msgspec.Struct):
    """What was wrong with the first ``MOST_REJECTED`` rows that were rejected, by their lines, and
    how many were."""

    rejected: list[Rejected] = []
    rejected_count: int = 0

    def reject(self, line: int, field: str, reason: str) -> None:
        """The row that begins in that line is not imported."""
        self.rejected.append(Rejected(line, field, reason))
        self.rejected_count += 1

    def close(self, headers: Sequence[str], chunk: Sequence[Row], tell: RejectedRow) -> None:
        """Tell which rows of the chunk were rejected, in their order, and let go of what is too
        much. All rows that come later are of later lines."""
        self.rejected.sort(key=lambda rejected: rejected.line)
        rows = {row.line: row for row in chunk}
        for rejected in self.rejected:
            if rejected.line in rows:
                tell(headers, rows[rejected.line], rejected.reason)
        del self.rejected[MOST_REJECTED:]


class Imported(Rejections):
    """What an import did, or would do.

    ``registered`` leads are new. ``known`` leads existed already and stay as they are; with an
    update these are ``updated`` or ``unchanged`` instead. ``opted_out`` leads were opted out by the
    file. ``columns`` says for each column how it was read, ``country`` of where phones without a
    country code are, None if there must be one.
    """

    registered: int = 0
    updated: int = 0
    unchanged: int = 0
    known: int = 0
    opted_out: int = 0
    columns: dict[str, Column] = {}
    country: str | None = None

    def counts(self) -> dict[str, int]:
        """Every count by its name, for people."""
        return {
            "registered": self.registered,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "known": self.known,
            "opted out": self.opted_out,
            "rejected": self.rejected_count,
        }


def import_leads(
    database: Database,
    outreach: Outreach,
    path: Path,
    options: Options,
    *,
    actor: str,
    progress: Callable[[int], None] = lambda rows: None,
    rejected: RejectedRow = forget,
) -> Imported:
    """Import the file ``path``: CSV with any delimiter, XLSX, or what another program exported.

    ``progress`` is called with the number of rows done so far, ``rejected`` with every row that was
    rejected. Raises InvalidInputError, before anything is written, if the file cannot be read, is
    no list of people, or has a column of which the caller must say what it is.
    """
    map_ = mapped(options.map_)
    if options.program is None:
        file = open_people_file(path, map_)
    else:
        file = open_foreign_file(path, options.program, map_)
    return import_people(
        database, outreach, file, options, actor=actor, progress=progress, rejected=rejected
    )


def import_people(
    database: Database,
    outreach: Outreach,
    file: PeopleFile,
    options: Options,
    *,
    actor: str,
    progress: Callable[[int], None] = lambda rows: None,
    rejected: RejectedRow = forget,
) -> Imported:
    """Import the people of a file whose columns are known. Otherwise as ``import_leads``."""
    reader = PersonReader(
        file.layout,
        region=options.region,
        devices=devices_by_name(database),
        add_triggers=values.tokens("add_triggers", options.add_triggers),
        now=outreach.clock(),
    )
    dry_run = DryRun() if options.dry_run else None
    write: LeadWriter = Leads(
        database, outreach, actor=actor, update=options.update, dry_run=dry_run
    )
    hear = Refusals(database, outreach, actor=actor, dry_run=dry_run)
    result = Imported(columns=file.layout.columns, country=options.region)
    done = 0
    for chunk in ahead(_chunks(file, reader, options)):
        for each in chunk.rejected:
            result.reject(each.line, each.field, each.reason)
        written = write(chunk.people)
        result.registered += written.registered
        result.updated += written.updated
        result.unchanged += written.unchanged
        result.known += written.known
        result.opted_out += written.opted_out
        # A no is heard though the row is wrong elsewhere, and by all who have the number.
        result.opted_out += hear(chunk.refusals).opted_out
        for line, reason in written.refused.items():
            result.reject(line, "phone", reason)
        result.close([*file.layout.columns], chunk.rows, rejected)
        done += len(chunk.rows)
        progress(done)
    return result


class _Chunk(msgspec.Struct, frozen=True):
    """Rows of a file, and what they say: the people to write, those who said no, and what was
    rejected."""

    rows: list[Row]
    people: list[Person] = []
    refusals: list[Person] = []
    rejected: list[Rejected] = []


def _chunks(file: PeopleFile, reader: PersonReader, options: Options) -> Iterator[_Chunk]:
    """The rows of the file, a transaction's at a time."""
    seen: dict[str, int] = {}
    rows = file.rows()
    while some := list(islice(rows, CHUNK)):
        chunk = _Chunk(some)
        for row in some:
            try:
                person = reader.read(row)
            except InvalidInputError as error:
                chunk.rejected.append(Rejected(row.line, error.field, str(error)))
                chunk.refusals.extend(reader.refusal(row))
                continue
            if person.opted_out:
                chunk.refusals.append(person)
            first = seen.setdefault(identity(person.phone), row.line)
            if first == row.line or options.update:
                chunk.people.append(person)
            else:
                reason = f"phone: the same as in line {first}"
                chunk.rejected.append(Rejected(row.line, "phone", reason))
        yield chunk


def devices_by_name(database: Database) -> dict[str, UUID | None]:
    """The devices in service by name and by id, in lower case; None where two have one name."""
    found: dict[str, UUID | None] = {}
    with database.transaction() as connection:
        for row in devices.in_service(connection):
            name = row.name.strip().lower()
            found[name] = None if name in found else row.device_id
            found.setdefault(str(row.device_id), row.device_id)
    return found
