"""Quarantine, as the statements and the code see it that work around it."""

from __future__ import annotations

from uuid import UUID

from domain.errors import place

# SQL: what message ``m`` is for, see ``domain.message.Origin``.
ORIGIN = "(m.lead_id, coalesce(m.campaign_id, m.enrollment_id, m.message_id), m.step)"


class FaultyError(Exception):
    """One aggregate keeps a whole batch from being recorded: its row cannot be read, or what is
    made of it fails for ``reason``. It is to be put aside."""

    def __init__(self, kind: str, id_: UUID, error: Exception) -> None:
        self.kind = kind
        self.id = id_
        self.reason = reason(error)
        super().__init__(f"{kind} {id_}: {self.reason}")


def reason(error: Exception) -> str:
    """Why something is put aside, without the error's text, which may hold personal data."""
    return f"{type(error).__name__} at {place(error)}"


def not_aside(kind: str, column: str) -> str:
    """A condition: the aggregate of that ``kind`` whose id ``column`` has is not in quarantine.

    The first half is asked once for the whole statement, and mostly that is all. With both halves
    there is no join: a join would be done anew for every row that another transaction has changed.
    """
    return _unless(f"q.kind = '{kind}'", f"q.id = {column}")


def message_not_aside() -> str:
    """A condition: the message ``m`` is not in quarantine, nor is what it is for, under the id of a
    message that the log has lost."""
    origin = f"(q.lead_id, q.owner_id, q.step) = {ORIGIN}"
    return _unless("q.kind = 'message'", f"(q.id = m.message_id OR {origin})")


def _unless(kept: str, this: str) -> str:
    there = f"SELECT FROM quarantine q WHERE {kept}"
    return f"(NOT EXISTS ({there}) OR NOT EXISTS ({there} AND {this}))"
