"""What a dispatch reads: what its worker still holds, and the devices and owners of that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID, uuid4

from sqlalchemy import Connection

from domain.pacing import LastDispatch
from domain.planning import Step
from projections.container import Container
from projections.queue import dispatch
from projections.records import credentials
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api.given import SECRET_KEY
from tests.support.when import Phones

T = TypeVar("T")

ANYBODY = str(uuid4())


def found(container: Container, ask: Callable[[Connection], T]) -> T:
    with container.database.transaction() as connection:
        return ask(connection)


def held(container: Container, ids: list[UUID], worker: str) -> list[dispatch.Candidate]:
    return found(container, lambda connection: dispatch.messages(connection, ids, worker))


def last(container: Container, *devices: UUID) -> dict[UUID, LastDispatch]:
    return found(container, lambda connection: dispatch.last_dispatches(connection, devices))


def test_only_what_the_worker_still_holds_is_dispatched(
    container: Container, clock: SimulatedClock
) -> None:
    """Not what another claimed, what was released meanwhile, or what was dispatched already. The
    place is that among the ids that were asked for."""
    given.due_messages(container, 2)
    one, other = (when.broadcaster(container, Phones(clock), f"worker {n}") for n in (1, 2))
    when.claims(one)
    ids = sorted((message.message_id for message in then.messages(container)), reverse=True)

    assert [(row.place, row.message_id) for row in held(container, ids, "worker 1")] == [
        (2, ids[1]),
        (1, ids[0]),
    ]
    assert held(container, ids, "worker 2") == []
    assert held(container, ids[:1], "worker 1")[0].message_id == ids[0]
    one.release()
    assert held(container, ids, "worker 1") == []
    when.claims(other)
    assert len(held(container, ids, "worker 2")) == 2
    when.dispatches(other)
    assert held(container, ids, "worker 2") == []


def test_a_message_is_read_with_its_lead_as_it_is_now(
    container: Container, clock: SimulatedClock
) -> None:
    """What the send check and the text need."""
    given.device(container)
    lead = given.lead(container, name="Aisyah", attributes={"city": "Ipoh"})
    campaign = given.campaign(container, expires_after_hours=2)
    when.triggers(container)
    when.claims(when.broadcaster(container, Phones(clock)))
    message = then.message(container)
    container.outreach.update_lead(
        lead, lambda profile: given.changed(profile, name="Siti"), actor="api:sales"
    )

    (row,) = held(container, [message.message_id], "worker 1")

    expected = dispatch.Candidate(
        place=1,
        message_id=message.message_id,
        version=2,
        moment=message.send_at,
        attempt=0,
        step=0,
        owner_id=str(campaign),
        expires_at=clock() + timedelta(hours=2),
        stopped_because=None,
        lead_version=2,
        phone=given.phone(1),
        name="Siti",
        attributes={"city": "Ipoh"},
        opted_out_at=None,
        wa_id=None,
        digest_key=row.digest_key,
        lead_id=str(lead),
        enrollment_id=None,
        scheduled_at=None,
    )
    assert tuple(row) == expected
    assert row.digest_key is not None
    assert bytes(row.digest_key) == then.digest_key(container, lead)


def test_a_step_says_why_its_enrollment_was_stopped(
    container: Container, clock: SimulatedClock
) -> None:
    """Somebody opts out while the step is claimed."""
    given.device(container)
    sequence = given.journey(container)
    clock.advance(minutes=5)
    when.claims(when.broadcaster(container, Phones(clock)))
    (message,) = then.messages(container)
    with container.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE enrollments SET reason = 'opted_out'")

    (row,) = held(container, [message.message_id], "worker 1")

    assert (row.owner_id, row.step, row.stopped_because) == (str(sequence), 1, "opted_out")


def test_devices_are_read_once_with_their_credentials(container: Container) -> None:
    """Encrypted as they are; an id that no device has is left out."""
    settings = {"base_url": "https://gowa.example.com", "device_id": "sales-1"}
    with_some = given.device(container, "Some", pace=(2, 3), gateway="gowa", settings=settings)
    without = given.device(container, "None", online=False)
    with container.database.transaction() as connection:
        credentials.put(
            connection, with_some, {"password": "s3cret"}, SECRET_KEY, container.outreach.clock()
        )

    devices = found(
        container,
        lambda connection: dispatch.devices(connection, [with_some, without, with_some, uuid4()]),
    )

    assert devices.keys() == {with_some, without}
    some, none = devices[with_some], devices[without]
    assert some[:4] == ("online", "gowa", settings, 2.0)
    assert some.ciphertext is not None
    assert credentials.Reader(SECRET_KEY).read(some.ciphertext) == {"password": "s3cret"}
    assert none == dispatch.Device("offline", "sandbox", {}, 0.0, None)


def test_campaigns_and_sequences_are_read_with_what_they_say(container: Container) -> None:
    """A campaign has one content, a sequence one for each step."""
    campaign = given.campaign(container, body="Hi", min_delay_seconds=2, max_delay_seconds=4)
    sequence = given.sequence(container, bodies=["One", "Two"])
    ids = [str(campaign), str(sequence), str(uuid4())]

    owners = found(container, lambda connection: dispatch.owners(connection, ids))

    assert owners.keys() == {str(campaign), str(sequence)}
    one, many = owners[str(campaign)], owners[str(sequence)]
    assert one[:4] == ("pending", False, 2.0, 4.0)
    assert one.content(0, ANYBODY) == Step(content_id=f"{campaign}:1:0", body="Hi", rules=1)
    assert many[:4] == ("active", False, 0.0, 0.0)
    assert [many.content(step, ANYBODY) for step in (1, 2)] == [
        Step(content_id=f"{sequence}:1:1", body="One", rules=1),
        Step(content_id=f"{sequence}:1:2", body="Two", rules=1),
    ]


def test_an_owner_says_that_nobody_wants_its_messages_any_more(container: Container) -> None:
    """A cancelled campaign by its status, a stopped sequence by its mark."""
    campaign, sequence = given.campaign(container), given.sequence(container)
    container.outreach.cancel_campaign(campaign, actor="api:sales")
    container.outreach.deactivate_sequence(sequence, cancel_pending=True, actor="api:sales")

    owners = found(
        container, lambda connection: dispatch.owners(connection, [str(campaign), str(sequence)])
    )

    assert owners[str(campaign)].status == "cancelled"
    assert owners[str(sequence)][:2] == ("inactive", True)


def test_what_a_device_did_last_is_known_until_its_answer_and_after_it(
    container: Container, clock: SimulatedClock
) -> None:
    """Never, then awaiting an answer, then answered."""
    given.due_messages(container)
    (device,) = [row.device_id for row in then.table(container, "devices")]
    assert last(container, device) == {device: LastDispatch(None)}
    worker = when.broadcaster(container, Phones(clock))
    when.claims(worker)

    at = clock.advance(seconds=1)
    result = when.dispatches(worker)
    assert last(container, device) == {device: LastDispatch(at, awaiting_answer=True)}

    answered = clock.advance(seconds=2)
    when.sends(worker, result)
    assert last(container, device, uuid4()) == {device: LastDispatch(at, False, answered)}
