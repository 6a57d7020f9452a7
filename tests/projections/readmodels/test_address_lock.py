"""Who registers people shares the lock of addresses."""

from __future__ import annotations

import psycopg2.errors
import pytest
from sqlalchemy.exc import DBAPIError

from projections.container import Container
from projections.readmodels import addresses


def test_a_registration_waits_for_who_has_the_addresses_alone(container: Container) -> None:
    """In the message that looks up whose the numbers are, also where it looks up none."""
    database, outreach = container.database, container.outreach
    for keys in (["+60123456789"], []):
        with database.transaction() as alone, database.engine.connect() as connection:
            addresses.lock(alone, alone=True)
            connection.exec_driver_sql("SET LOCAL lock_timeout = '1ms'")
            with pytest.raises(DBAPIError) as refused:
                outreach.look_up(connection, keys)
        assert isinstance(refused.value.orig, psycopg2.errors.LockNotAvailable)


def test_registrations_do_not_wait_for_one_another(container: Container) -> None:
    database, outreach = container.database, container.outreach
    with database.transaction() as one, database.transaction() as other:
        outreach.look_up(one, ["+60123456789"])
        other.exec_driver_sql("SET LOCAL lock_timeout = '1ms'")
        assert outreach.look_up(other, ["+60123456780"]).free.keys() == {"+60123456780"}
