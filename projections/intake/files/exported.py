"""Our own list of leads as CSV, imported again: what an import makes of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

ATTRIBUTES: Literal["attributes"] = "attributes"
MERGED: Literal["merged_into"] = "merged_into"

# A field by the name of its column; "-" is what only the list knows. A file that has all of these
# columns is taken for such a list.
COLUMNS = {
    "id": "-",
    "name": "name",
    "niche": "niche",
    "target_status": "target_status",
    "device_id": "device",
    "timezone": "timezone",
    "attributes": ATTRIBUTES,
    "phone": "phone",
    "triggers": "triggers",
    "opted_out": "opted_out",
    "opted_out_at": "-",
    "opt_out.evidence": "opt_out_evidence",
    "opt_out.via": "-",
    "opt_out.at": "-",
    "unreachable": "-",
    "unreachable_at": "-",
    "unreachable_code": "-",
    "addresses": "-",
    "same_person_as": "-",
    "merged_into": MERGED,
    "replied_at": "-",
    "registered_at": "-",
    "erased_at": "-",
    "version": "-",
}
# Earlier versions' lists have none of these.
LATER = {"consents": "-"}


def fields(headers: Sequence[str]) -> dict[int, str]:
    """The field of each column that is one of such a list; none where the file is no such list."""
    if not COLUMNS.keys() <= set(headers):
        return {}
    known = {**COLUMNS, **{name: field for name, field in LATER.items() if name in headers}}
    return {headers.index(name): field for name, field in known.items()}
