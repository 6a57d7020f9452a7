"""``sendtrail audit lead`` and ``why-not``: a person is named by id or by phone."""

from __future__ import annotations

from uuid import UUID

from projections.container import Container
from tests.support import given
from tests.support.processes import each


def test_a_person_is_asked_for_by_id_or_phone(container: Container, database_url: str) -> None:
    """Support has a number on the line, as it is written here."""
    given.lead(container, 1)
    lead_id = container.outreach.lead_id(given.phone(1))
    asked: list[list[object]] = [
        ["audit", "lead", lead_id],
        ["audit", "lead", "012-000 0001"],
        ["audit", "why-not", "60 12-000 0001", "--campaign", UUID(int=1)],
        ["audit", "lead", "6581234567"],
        ["audit", "lead", given.phone(2)],
    ]

    by_id, by_phone, why_not, wrong, nobody = each(
        *((one, {"database_url": database_url, "default_region": "MY"}) for one in asked)
    )

    assert (by_id.returncode, by_id.stderr) == (0, "")
    assert by_phone.stdout == by_id.stdout
    assert why_not.stderr == f"Error: no campaign {UUID(int=1)}\n"
    assert wrong.stderr == (
        "Error: id or phone: expected a number of MY; with + it would be one of SG\n"
    )
    assert nobody.stderr == "Error: no lead with that phone\n"
