"""Whatever in a batch fails, wherever it does: what is at fault is put aside, and nothing else."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.addresses import Address
from domain.inbound import Inbound, Receipt, Renamed, Reply
from projections.container import Container
from projections.intake import receiver
from tests.support import given, poison, then, when
from tests.support.heard import outcomes, puts, says

# None of these can be asked of the database, nor be kept there.
NUL = Address("lid", "25155636\0@lid")
FAULTY: dict[str, Inbound] = {
    "before anything is heard": Reply((NUL,), "Hi", "in.0"),
    "another name": Renamed((NUL,), (NUL,)),
    "a receipt": Receipt("delivered", provider_id="3EB0\0"),
}


def put_aside(container: Container, item: Inbound, at: int, of: int) -> UUID:
    """The item comes as that one of so many webhooks; gives what it is called."""
    for number in range(of):
        puts(container, item if number == at else says(1, f"Hi {number}", f"in.{number + 1}"))
    rows = sorted(then.table(container, "inbound"), key=lambda row: row.inbound_id)
    item_id = rows[at].item_id
    assert isinstance(item_id, UUID)
    return item_id


@pytest.mark.parametrize("what", FAULTY)
@pytest.mark.parametrize("at", [0, 5, 8])
def test_others_are_recorded_around_it(container: Container, what: str, at: int) -> None:
    device = given.device(container, gateway="gowa")
    given.lead(container)
    item_id = put_aside(container, FAULTY[what], at, 9)
    if what == "a receipt":
        with container.database.transaction() as connection:
            connection.exec_driver_sql(
                "UPDATE inbound SET device_id = %(d)s, devices = ARRAY[%(d)s]::uuid[]",
                {"d": str(device)},
            )

    when.receives(container)

    assert poison.quarantined(container, "inbound") == {item_id}
    assert outcomes(container) == {"attributed": 8}
    replied = then.events(container, "lead.replied")
    assert [event.text for event in replied] == [f"Hi {n}" for n in range(9) if n != at]
    assert [row.item_id for row in then.table(container, "inbound")] == [item_id]


def test_what_is_at_fault_is_found_in_few_steps(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And afterwards batches are as large as before."""
    given.lead(container)
    put_aside(container, FAULTY["another name"], 70, 100)
    sizes, take = [], receiver.inbox.take

    def counted(connection: object, now: object, limit: int) -> object:
        taken = take(connection, now, limit)  # type: ignore[arg-type]
        sizes.append(len(taken or ()))
        return taken

    monkeypatch.setattr(receiver.inbox, "take", counted)
    when.receives(container)

    assert sum(sizes) < 1000
    assert len(sizes) < 30


def test_a_database_that_fails_is_nobodys_fault(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is put aside, and later all of it is recorded."""
    given.lead(container)
    puts(container, says(1, "Hi", "in.1"))

    def ends_session(connection: object, *arguments: object) -> None:
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")  # type: ignore[attr-defined]

    with monkeypatch.context() as patched:
        patched.setattr(receiver.Hearing, "_hear", lambda self, said: ends_session(self.connection))
        with pytest.raises(Exception, match=r"terminat|closed"):
            when.receives(container)
        assert then.table(container, "quarantine") == []

    when.receives(container)
    assert outcomes(container) == {"attributed": 1}
