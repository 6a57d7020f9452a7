"""Import of leads from a CSV file.

Good rows are registered, bad rows are reported, and importing a file twice changes nothing. The
file is read twice: first to check that it is a CSV of leads at all, so that a file that is none
changes nothing; then to import it, a thousand rows to a transaction.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain import lead, values
from domain.application.outreach import Outreach
from domain.errors import InvalidInputError
from projections.database.engine import Database
from projections.eventstore.append import StreamConflictError
from projections.eventstore.broken_streams import put_aside_broken
from projections.readmodels import devices, leads
from projections.records import quarantine

# Rows per transaction.
CHUNK = 1000
# Characters.
LONGEST_FIELD = 100_000
# Columns with a meaning of their own; any other becomes an attribute that templates may name.
COLUMNS = ("phone", "name", "niche", "target_status", "triggers", "device", "timezone")


class Rejected(msgspec.Struct, frozen=True):
    """A row that was not imported: its line in the file, from 1, and why, without personal data."""

    line: int
    reason: str


class Imported(msgspec.Struct):
    """What an import did.

    ``registered`` leads are new; ``known`` leads existed already and stay as they are.
    """

    registered: int = 0
    known: int = 0
    rejected: list[Rejected] = []


# E.164 phone, triggers and profile.
Registration = tuple[str, tuple[str, ...], lead.Profile]


def import_leads(
    database: Database,
    outreach: Outreach,
    path: Path,
    *,
    region: str | None,
    actor: str,
    progress: Callable[[int], None] = lambda rows: None,
) -> Imported:
    """Import the CSV file ``path``, in UTF-8 with a header.

    ``region`` is the country of phones without a country code, None if there must be one.
    ``progress`` is called with the number of rows done so far. Raises InvalidInputError, before
    anything is written, if the file cannot be read or is no CSV of leads.
    """
    for _ in _rows(path):
        pass
    with database.transaction() as connection:
        by_name: dict[str, UUID | None] = {}
        for row in devices.in_service(connection):
            name = row.name.lower()
            by_name[name] = None if name in by_name else row.device_id
    result = Imported()
    seen: dict[UUID, int] = {}
    done = 0
    rows = _rows(path)
    while chunk := list(islice(rows, CHUNK)):
        good: dict[UUID, Registration] = {}
        for line, row in chunk:
            try:
                registration = _registration(row, by_name, region)
            except InvalidInputError as error:
                result.rejected.append(Rejected(line, str(error)))
                continue
            lead_id = outreach.lead_id(registration[0])
            if lead_id in seen:
                reason = f"phone: the same as in line {seen[lead_id]}"
                result.rejected.append(Rejected(line, reason))
                continue
            seen[lead_id] = line
            good[lead_id] = registration
        registered = _register(database, outreach, good, actor)
        result.registered += registered
        result.known += len(good) - registered
        done += len(chunk)
        progress(done)
    return result


def _register(
    database: Database, outreach: Outreach, good: dict[UUID, Registration], actor: str
) -> int:
    """Register the leads that are not known yet; return how many these were.

    If another transaction registers one of them meanwhile, the chunk is done anew. A lead that
    cannot be registered, because the log has events of it, is put aside.
    """

    def work(connection: Connection) -> int:
        known = leads.known(connection, good) | quarantine.kept(connection, "lead", good)
        new = [registration for lead_id, registration in good.items() if lead_id not in known]
        outreach.register_leads(connection, new, actor=actor)
        return len(new)

    while True:
        try:
            return database.run("import", work)
        except StreamConflictError as conflict:
            put_aside_broken(database, conflict, "import", outreach.clock())


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of the file that are not blank, as (line number, fields by column name).

    Raises InvalidInputError if the file cannot be read to its end or its header is bad.
    """
    limit = csv.field_size_limit(LONGEST_FIELD)
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = [name.strip().lower() for name in next(reader, [])]
            _check_header(header)
            for values in reader:
                line = reader.line_num
                if not any(value.strip() for value in values):
                    continue
                # ``_registration`` refuses a row with fields or columns to spare.
                row = dict(zip(header, values, strict=False))
                if len(values) != len(header):
                    row["?"] = f"{len(header)} fields as in the header, not {len(values)}"
                yield line, row
    except UnicodeDecodeError:
        raise InvalidInputError(f"{path.name}, after line {line}", "text in UTF-8") from None
    except csv.Error as error:
        what = f"well-formed CSV ({error})"
        if "field larger" in str(error):
            what = f"fields of at most {LONGEST_FIELD} characters"
        raise InvalidInputError(f"{path.name}, after line {line}", what) from None
    except OSError as error:
        raise InvalidInputError(str(path), f"a file to read ({error.strerror})") from None
    finally:
        csv.field_size_limit(limit)


def _check_header(header: list[str]) -> None:
    if "phone" not in header:
        raise InvalidInputError(
            "header", f"a column 'phone' (of {', '.join(COLUMNS)}, and any for attributes)"
        )
    for name in header:
        if header.count(name) > 1:
            raise InvalidInputError("header", f"column names that differ; {name!r} comes twice")
        if not (name.isascii() and name.isidentifier()):
            raise InvalidInputError(
                "header", f"column names such as order_number; {name[:50]!r} is none"
            )


def _registration(
    row: dict[str, str], by_name: dict[str, UUID | None], region: str | None
) -> Registration:
    if "?" in row:
        raise InvalidInputError("row", row["?"])
    device_id = None
    if device := row.get("device", "").strip():
        device_id = by_name.get(device.lower())
        if device_id is None:
            raise InvalidInputError("device", "the name of a device in service, or nothing")
    profile = lead.profile(
        name=row.get("name", ""),
        niche=_split(row.get("niche", "")),
        target_status=row.get("target_status", "").strip() or "prospect",
        device_id=device_id,
        timezone=row.get("timezone", "").strip() or None,
        attributes={k: v for k, v in row.items() if k not in COLUMNS and v.strip()},
    )
    phone = values.phone(row["phone"], region)
    return phone, values.tokens("triggers", _split(row.get("triggers", ""))), profile


def _split(text: str) -> list[str]:
    return [part for part in re.split("[,;|]", text) if part.strip()]
