"""An erasure reaches what is kept beside the events, and nobody who works meanwhile undoes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Thread
from typing import Any
from uuid import UUID

import pytest

from projections.container import Container
from projections.database.engine import rows
from projections.intake import hearing
from projections.records import idempotency
from runners.gateways.protocol import Rejected
from runners.support.clocks import SimulatedClock
from tests.support import given, poison, then, when
from tests.support.api import then as everywhere
from tests.support.api import webhooks
from tests.support.api.client import Client

AISYAH, BUDI = given.phone(1), given.phone(2)
NAME, WORDS = "Aisyah Zulkarnain-Oyelaran", "my sister wants to know"
SECRETS = (AISYAH[1:], NAME, WORDS)


def found(container: Container) -> list[str]:
    """Which secrets some table has, as text or as the bytes of a payload."""
    text = everywhere.everything(container)
    return [s for s in SECRETS if s in text or s.encode().hex() in text]


def erase(container: Container, lead: UUID) -> None:
    container.outreach.erase_lead(lead, actor="api:boss")


def forgotten(container: Container, lead: UUID) -> Callable[[], None]:
    """Erases the lead in a thread of its own, and gives what waits until that is done."""
    thread = Thread(target=erase, args=(container, lead))
    thread.start()
    then.soon(lambda: not thread.is_alive() or waiting(container))
    return lambda: thread.join(20)


def waiting(container: Container) -> bool:
    """Whether somebody waits for a lock."""
    with container.database.engine.connect() as connection:
        waits = rows(
            connection,
            "SELECT count(*) FROM pg_locks WHERE NOT granted"
            " AND (database IS NULL OR database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database()))",
        )
    return bool(waits[0][0])


def cloud_says(*people: tuple[str, str, str]) -> Any:
    """One webhook in which several people (phone, name, text) write, and one receipt of each."""
    numbers = [phone.removeprefix("+") for phone, _, _ in people]
    contacts = [
        {"wa_id": number, "profile": {"name": name}}
        for number, (_, name, _) in zip(numbers, people, strict=True)
    ]
    messages = [
        {"from": number, "id": f"wamid.{number}", "type": "text", "text": {"body": text}}
        for number, (_, _, text) in zip(numbers, people, strict=True)
    ]
    statuses = [{"id": "wamid.x", "status": "read", "recipient_id": number} for number in numbers]
    return webhooks.change(contacts=contacts, messages=messages, statuses=statuses)


@pytest.mark.parametrize("gateway", webhooks.GATEWAYS)
def test_what_waits_to_be_recorded_is_forgotten(container: Container, gateway: str) -> None:
    """A webhook of hers is in the inbox when she is erased: nothing of it is left."""
    device = webhooks.device(container, gateway)
    lead = given.person(container, AISYAH, name=NAME)
    when.tells(container, gateway, device, webhooks.reply(gateway, AISYAH, WORDS, "in.1"))
    assert found(container) == [*SECRETS]

    erase(container, lead)

    assert found(container) == []
    assert then.table(container, "inbound") == []


def test_of_a_webhook_that_tells_of_several_the_others_stay(container: Container) -> None:
    device = webhooks.device(container, "cloud")
    lead = given.person(container, AISYAH, name=NAME)
    other = given.person(container, BUDI, name="Budi")
    told = cloud_says((AISYAH, NAME, WORDS), (BUDI, "Budi", "STOP"))
    when.tells(container, "cloud", device, told)

    erase(container, lead)

    assert found(container) == []
    (left,) = then.table(container, "inbound")
    assert json.loads(bytes(left.payload)) == cloud_says((BUDI, "Budi", "STOP"))
    when.receives(container)
    assert container.outreach.get_lead(other).opt_out_evidence == "STOP"


def test_quarantine_forgets_too(container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be recorded is kept until somebody releases it, but not of her."""
    device = webhooks.device(container, "whacenter")
    lead = given.person(container, AISYAH, name=NAME)
    for phone in (AISYAH, BUDI):
        said = webhooks.reply("whacenter", phone, f"{WORDS} {phone}", "")
        when.tells(container, "whacenter", device, said)

    def broken(*_: Any) -> Any:
        raise RuntimeError(WORDS)

    monkeypatch.setattr("projections.intake.receiver.PARSERS", {"whacenter": broken})
    when.receives(container)
    assert len(poison.quarantined(container, "inbound")) == 2

    erase(container, lead)

    (left,) = then.table(container, "inbound")
    assert poison.quarantined(container, "inbound") == {left.item_id}
    assert AISYAH[1:] not in bytes(left.payload).decode()
    assert BUDI[1:] in bytes(left.payload).decode()


def test_a_webhook_that_no_program_can_read_is_forgotten_whole(container: Container) -> None:
    """Nobody can say which part of it is hers."""
    device = webhooks.device(container, "gowa")
    lead = given.person(container, AISYAH, name=NAME)
    when.tells(container, "gowa", device, webhooks.reply("gowa", AISYAH, WORDS, "in.1"))
    with container.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE inbound SET payload = payload || '\\xff'::bytea")

    erase(container, lead)

    assert found(container) == []


def test_the_receiver_that_has_her_webhook_in_hand_records_nothing(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has read the inbox, and she is erased before it looks whose it is."""
    device = webhooks.device(container, "gowa")
    lead = given.person(container, AISYAH, name=NAME)
    when.tells(container, "gowa", device, webhooks.reply("gowa", AISYAH, WORDS, "in.1"))
    lock = hearing.addresses.lock

    def overtaken(*args: Any, **options: Any) -> None:
        monkeypatch.setattr(hearing.addresses, "lock", lock)
        erase(container, lead)
        lock(*args, **options)

    monkeypatch.setattr(hearing.addresses, "lock", overtaken)
    when.receives(container)

    assert container.outreach.get_lead(lead).erased_at is not None
    assert found(container) == []
    assert then.events(container, "lead.replied") == []
    assert then.table(container, "inbound") == []


@pytest.mark.parametrize("update", ["false", "true"])
def test_an_import_that_has_found_her_does_not_bring_her_back(
    container: Container, operator: Client, monkeypatch: pytest.MonkeyPatch, update: str
) -> None:
    """She is erased while the file's rows are written: that waits, and then nothing is left."""
    lead = given.person(container, AISYAH)
    look_up = container.outreach.look_up
    ends: list[Callable[[], None]] = []

    def overtaken(*args: Any) -> Any:
        numbers = look_up(*args)
        if not ends:
            ends.append(forgotten(container, lead))
        return numbers

    monkeypatch.setattr(container.outreach, "look_up", overtaken)
    answer = operator.json(
        "POST",
        "/leads/import",
        query_string={"update": update},
        data=f"phone,name\n{AISYAH},{NAME}\n",
        content_type="text/csv",
    )
    ends[0]()

    assert answer.json["updated" if update == "true" else "known"] == 1
    assert container.outreach.get_lead(lead).erased_at is not None
    assert found(container) == []


def test_first_answers_forget_her_and_are_still_given_once(
    container: Container, operator: Client
) -> None:
    """What the client chose as a key, or sent, may name her as well."""
    key = f"new {AISYAH} {NAME}"
    asked = {"phone": AISYAH, "name": NAME}
    status, made = operator.post("/leads", asked, idempotency_key=key)
    other = operator.post("/leads", {"phone": BUDI}, idempotency_key="other")
    noted = {"value": AISYAH, "evidence": WORDS}
    operator.post("/suppressions", noted, idempotency_key="no")
    assert (status, found(container)) == (201, [*SECRETS])

    erase(container, UUID(made["id"]))

    assert found(container) == []
    again = operator.post("/leads", asked, idempotency_key=key)
    assert (again.status, again.json["errors"]) == (409, {"state": "erased"})
    assert "was erased since" in again.json["message"]
    assert operator.post("/suppressions", noted, idempotency_key="no").status == 409
    assert operator.post("/leads", {"phone": BUDI}, idempotency_key="other") == other
    assert len(then.table(container, "leads")) == 2


def test_an_answer_that_is_under_way_does_not_bring_her_back(
    container: Container,
    clock: SimulatedClock,
    operator: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was made of what was known, and is kept after she was erased."""
    given.device(container)
    lead = given.person(container, AISYAH, name=NAME)
    given.campaign(container)
    when.triggers(container)
    rejected = when.Phones(clock, Rejected("470", "no"))
    when.looks(when.broadcaster(container, rejected))
    (message,) = then.messages(container)
    keep = idempotency.keep

    def overtaken(*args: Any) -> None:
        erase(container, lead)
        keep(*args)

    monkeypatch.setattr(idempotency, "keep", overtaken)
    path = f"/messages/{message.message_id}/retry"
    status, answer = operator.post(path, idempotency_key="again")

    assert (status, answer["recipient_phone"]) == (200, AISYAH)
    assert found(container) == []
    monkeypatch.undo()
    assert operator.post(path, idempotency_key="again").status == 409


@pytest.mark.parametrize("others", [7, 0], ids=["others are left", "no row is left"])
def test_the_servers_statistics_forget_her(container: Container, others: int) -> None:
    """It samples columns for its plans, and keeps values of them; of an empty table for good."""
    lead = given.person(container, AISYAH, name=NAME, attributes={"street": WORDS})
    for number in range(2, others + 2):
        given.lead(container, number, name=f"Somebody {number}", attributes={"street": str(number)})
    when.replies(container, lead, WORDS, "in.1")
    when.replies(container, lead, NAME, "in.2")

    def known() -> str:
        with container.database.engine.connect() as connection:
            return str(rows(connection, "SELECT s::text FROM pg_stats s WHERE schemaname='public'"))

    with container.database.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    assert {WORDS, NAME} <= {said for said in SECRETS if said in known()}

    erase(container, lead)

    assert [said for said in SECRETS if said in known()] == []
    assert ("Somebody 8" in known()) == bool(others)
