"""Which columns have personal data in the clear, beside the encrypted events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# By table.
COLUMNS: Mapping[str, Sequence[str]] = {
    "leads": ("phone", "wa_id", "name", "attributes", "opt_out_evidence"),
    "lead_addresses": ("value", "key"),
    "lead_search": ("words",),
    "replies": ("text", "from_value"),
    "lead_consents": ("source", "words", "withdrawal"),
    "composed_messages": ("body", "media_url"),
    "suppressions": ("value", "key", "evidence"),
    "unattributed_replies": ("sender", "text"),
    "idempotency": ("body",),
    "inbound": ("payload",),
}
