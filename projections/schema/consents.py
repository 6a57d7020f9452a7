"""The read model of what people agreed to."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text, Uuid, text

from projections.schema.columns import READ_MODELS, TIME

# One row for each time that a person agreed; ``version`` is that of the lead's event.
lead_consents = Table(
    "lead_consents",
    READ_MODELS,
    Column("lead_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    # Follows from lead and version, so that a rebuild gives it again.
    Column("consent_id", Uuid, nullable=False, unique=True),
    Column("purpose", Text, nullable=False),
    # Empty once the person is erased, as are the words and the evidence of a withdrawal.
    Column("source", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("given_at", TIME, nullable=False),
    Column("recorded_at", TIME, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("reply_id", Uuid),
    # The lead that was merged, and has it in its own ledger.
    Column("from_lead", Uuid),
    Column("withdrawn_at", TIME),
    Column("withdrawal", Text),
    # Who may be written to for a purpose.
    Index(
        "lead_consents_in_force",
        "lead_id",
        "purpose",
        postgresql_where=text("withdrawn_at IS NULL"),
    ),
    Index("lead_consents_by_purpose", "purpose", "consent_id"),
)
