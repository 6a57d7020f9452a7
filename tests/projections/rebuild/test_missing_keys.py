"""A rebuild that cannot read people who were not erased replaces nothing."""

from __future__ import annotations

import pytest

from domain.errors import StorageError
from projections.container import Container
from projections.rebuild.rebuild import rebuild
from tests.projections.rebuild.live_tables import contents, execute, identities
from tests.support import given

REFUSED = "^2 leads that were not erased have no key: restore the table lead_keys"


def test_it_is_refused_before_anything_is_replayed(container: Container) -> None:
    """An hour of work would be in vain."""
    given.many_leads(container, 2, name="Aisyah")
    execute(container, "DELETE FROM lead_keys")
    replayed: list[int] = []

    with pytest.raises(StorageError, match=REFUSED):
        rebuild(container.database, lambda done, total: replayed.append(done), swap=True)

    assert replayed == []


def test_keys_that_go_meanwhile_are_missed_too(container: Container) -> None:
    """After the first look, and before the swap."""
    given.many_leads(container, 2, name="Aisyah")
    tables, before = identities(container), contents(container)

    with pytest.raises(StorageError, match=REFUSED):
        rebuild(
            container.database,
            lambda done, total: execute(container, "DELETE FROM lead_keys"),
            swap=True,
        )

    assert identities(container) == tables
    assert contents(container) == before


def test_a_person_who_is_erased_meanwhile_is_no_obstacle(container: Container) -> None:
    """The key goes with the event that says so."""
    first, _ = given.many_leads(container, 2, name="Aisyah")

    def erases(done: int, total: int) -> None:
        if done == 2:
            container.outreach.erase_lead(first, actor="api:boss")

    assert not any(rebuild(container.database, erases, swap=True).values())


def test_it_compares_without_keys(container: Container) -> None:
    """Only to look is no harm."""
    given.many_leads(container, 2, name="Aisyah")
    execute(container, "DELETE FROM lead_keys")

    found = {table: why for table, why in rebuild(container.database).items() if why}

    assert found.keys() == {"leads", "lead_addresses", "lead_search"}
