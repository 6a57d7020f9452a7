"""What an import did, for people."""

from __future__ import annotations

from projections.intake.lead_import import Imported
from projections.intake.opt_out_import import OptedOut
from runners.cli import console


def print_summary(result: Imported | OptedOut, *, dry_run: bool, row: str = "line") -> None:
    """Prints how columns were read that do not have our names, the first rejected rows, and the
    counts. ``row`` is what a row is called."""
    for header, column in result.columns.items():
        if header != (column.attribute or column.as_):
            because = f" ({column.reason})" if column.reason else ""
            named = f"attribute {column.attribute}" if column.attribute else column.as_
            console.say(f"column {header!r} is read as {named}{because}")
    for rejected in result.rejected:
        console.say(f"{row} {rejected.line}: {rejected.reason}", err=True)
    if more := result.rejected_count - len(result.rejected):
        console.say(f"and {more} more rows after these", err=True)
    counts = ", ".join(f"{name} {count}" for name, count in result.counts().items())
    console.say(f"{counts}{' (nothing was written)' if dry_run else ''}")
