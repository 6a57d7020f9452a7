"""``sendtrail serve`` as it was before decision 0011: the append lock is kept until the disk has
the events."""

from __future__ import annotations

from sqlalchemy import Connection

from projections.database import flushing
from runners.cli.main import main


def _nobody(connection: Connection) -> bool:
    return False


def _at_once(connection: Connection) -> None:
    """The commit has waited already."""


if __name__ == "__main__":
    flushing.is_owned = _nobody
    flushing.wait = _at_once
    main()
