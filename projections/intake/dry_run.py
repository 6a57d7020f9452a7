"""What a dry run would have written by now: the rows that come later are decided after it."""

from __future__ import annotations

from uuid import UUID

# A lead that there is, by its id, or one that would be registered, by its canonical phone.
Who = UUID | str


class DryRun:
    """Grows with the file: by a canonical phone for each person who is new, by one more for each
    who said no, and with an update by what each person would have.

    ``registered`` and ``suppressed`` are canonical phones, ``opted_out`` are leads, and ``drafts``
    are what leads would have, as JSON.
    """

    def __init__(self) -> None:
        self.registered: set[str] = set()
        self.opted_out: set[Who] = set()
        self.suppressed: set[str] = set()
        self.drafts: dict[Who, bytes] = {}
