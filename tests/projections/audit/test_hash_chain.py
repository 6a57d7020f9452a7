"""The notary's chain: whoever touches the log or the seals is found out, and the event is named."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise
from uuid import UUID

import pytest

from projections.audit import event_log, hash_chain
from projections.audit.hash_chain import Verification
from projections.container import Container
from tests.support import given, then, when
from tests.support.processes import sendtrail


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seal for every three events."""
    monkeypatch.setattr(hash_chain, "PAGE", 3)


def given_events(container: Container, count: int = 9, first: int = 1) -> list[UUID]:
    """So many leads, an event each, with the ids 1, 2, 3 and so on."""
    return given.many_leads(container, count, first=first)


def extend(container: Container) -> int:
    """How many events are sealed now that were not."""
    return hash_chain.extend(container.database, container.outreach.clock)


def verdict(container: Container) -> Verification:
    return hash_chain.verify(container.database)


def somebody_does(container: Container, *statements: str) -> None:
    """Somebody with all rights, past the guard of the log."""
    with container.database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE stored_events DISABLE TRIGGER ALL")
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("ALTER TABLE stored_events ENABLE TRIGGER ALL")


def chained_ids(container: Container) -> list[int]:
    """The ids in all seals, in the order of the seals."""
    return [number for link in then.table(container, "notary_seals") for number in link.ids]


def test_the_chain_is_what_anybody_can_compute(container: Container) -> None:
    """SHA-256 over the digest before and the leaves, each SHA-256 over id, aggregate, version,
    topic and bytes: here by other means than the notary's."""
    given_events(container, 7)

    assert extend(container) == 7

    digest = bytes(32)
    log = then.table(container, "stored_events")
    for page in (log[:3], log[3:6], log[6:]):
        leaves = b"".join(
            sha256(
                b"%d\0%s\0%d\0%s\0%s" % (id_, str(of).encode(), version, topic.encode(), state)
            ).digest()
            for id_, of, version, topic, state in page
        )
        digest = sha256(digest + leaves).digest()
    assert [link.last_id for link in then.table(container, "notary_seals")] == [3, 6, 7]
    assert verdict(container) == Verification(
        events=7, unchained=0, position=7, digest=digest.hex(), fault=None
    )


def test_what_came_after_the_last_seal_is_counted_as_unsealed(container: Container) -> None:
    """It is not proven yet, and no fault."""
    given_events(container, 4)
    extend(container)
    given_events(container, 2, first=101)

    found = verdict(container)

    assert (found.events, found.position, found.unchained, found.fault) == (4, 4, 2, None)


def test_a_log_without_events_is_intact(container: Container) -> None:
    """The chain has not begun."""
    assert extend(container) == 0
    assert verdict(container) == Verification(
        events=0, unchained=0, position=0, digest="00" * 32, fault=None
    )


def test_sealing_again_seals_nothing_twice(container: Container) -> None:
    """And goes on where it ended."""
    given_events(container, 4)

    assert [extend(container), extend(container)] == [4, 0]
    given_events(container, 4, first=101)
    assert [extend(container), extend(container)] == [4, 0]

    assert chained_ids(container) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert verdict(container).fault is None


def test_notaries_at_the_same_time_seal_each_event_once(container: Container) -> None:
    """Three of them on one log that grows meanwhile."""
    given_events(container, 60)

    def writes() -> int:
        for number in range(200, 230):
            given.lead(container, number)
        return 0

    counts = when.at_once(writes, *(lambda: extend(container) for _ in range(3)))
    rest = extend(container)

    assert sum(counts) + rest == 90
    assert chained_ids(container) == list(range(1, 91))
    assert verdict(container).fault is None


@pytest.mark.parametrize(("moment", "kept"), [("before", []), ("after", [1, 2, 3, 4, 5])])
def test_a_notary_that_is_killed_leaves_all_of_its_seal_or_nothing(
    container: Container, database_url: str, moment: str, kept: list[int]
) -> None:
    """The next one seals the rest, and no event twice."""
    given_events(container, 5)
    command = ("run", "notary", "--once")

    killed = sendtrail(*command, database_url=database_url, fault=f"notary.{moment}_commit:1")
    assert killed.returncode == -9
    assert chained_ids(container) == kept

    again = sendtrail(*command, database_url=database_url)
    assert (again.returncode, again.stdout) == (0, f"notary: {5 - len(kept)}\n")
    assert chained_ids(container) == [1, 2, 3, 4, 5]
    assert verdict(container).fault is None


NAME = "event {0} (lead.registered, version 1 of {1})"
ONE_BIT = "UPDATE stored_events SET state = set_byte(state, 40, get_byte(state, 40) # 1)"
TAMPERED = {
    "a bit": (f"{ONE_BIT} WHERE notification_id = 5", f"{NAME} was altered"),
    "topic": (
        "UPDATE stored_events SET topic = 'lead.updated' WHERE notification_id = 5",
        "event 5 (lead.updated, version 1 of {1}) was altered",
    ),
    "version": (
        "UPDATE stored_events SET originator_version = 2 WHERE notification_id = 5",
        "event 5 (lead.registered, version 2 of {1}) was altered",
    ),
    "deleted": ("DELETE FROM stored_events WHERE notification_id = 5", "event 5 is missing"),
    "all deleted": ("DELETE FROM stored_events", "event 1 is missing"),
}


@pytest.mark.parametrize(("statement", "fault"), TAMPERED.values(), ids=list(TAMPERED))
def test_an_event_that_was_touched_is_named(
    container: Container, statement: str, fault: str
) -> None:
    """One bit of one old event is enough."""
    leads = given_events(container)
    extend(container)

    somebody_does(container, statement)

    assert verdict(container).fault == fault.format(5, leads[4])


def test_the_first_of_several_is_named(container: Container) -> None:
    """Where one was altered and another is missing."""
    leads = given_events(container)
    extend(container)

    somebody_does(
        container,
        f"{ONE_BIT} WHERE notification_id = 8",
        "DELETE FROM stored_events WHERE notification_id = 9",
    )

    assert verdict(container).fault == f"{NAME.format(8, leads[7])} was altered"


def test_events_that_changed_places_are_named(container: Container) -> None:
    """Each as it was, in the other's place."""
    leads = given_events(container)
    extend(container)

    somebody_does(
        container,
        "CREATE TEMP TABLE two ON COMMIT DROP AS"
        " SELECT * FROM stored_events WHERE notification_id IN (4, 5)",
        "DELETE FROM stored_events WHERE notification_id IN (4, 5)",
        "INSERT INTO stored_events OVERRIDING SYSTEM VALUE SELECT 9 - notification_id,"
        " originator_id, originator_version, topic, state FROM two",
    )

    assert verdict(container).fault == f"{NAME.format(4, leads[4])} was altered"


@pytest.mark.parametrize("number", [5, 0, -7, -(2**63)])
def test_an_event_that_was_inserted_is_named(container: Container, number: int) -> None:
    """Into a gap, such as a transaction leaves that was rolled back; or before the first event,
    where nobody looks who reads from there."""
    given_events(container, 4)
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "SELECT nextval(pg_get_serial_sequence('stored_events', 'notification_id'))"
        )
    (lead, *_) = given_events(container, 4, first=11)
    extend(container)
    assert chained_ids(container) == [1, 2, 3, 4, 6, 7, 8, 9]
    assert verdict(container).fault is None

    somebody_does(
        container,
        "INSERT INTO stored_events OVERRIDING SYSTEM VALUE"
        f" SELECT {number}, originator_id, 2, topic, state"
        " FROM stored_events WHERE notification_id = 6",
    )

    forged = f"event {number} (lead.registered, version 2 of {lead})"
    assert verdict(container).fault == f"{forged} was inserted"


LINKS = {
    "digest": (
        "UPDATE notary_seals SET digest = sha256('forged') WHERE last_id = 6",
        "the seal of events 4 to 6 was altered",
    ),
    "leaves": (
        "UPDATE notary_seals SET leaves = set_byte(leaves, 8, get_byte(leaves, 8) # 1)"
        " WHERE last_id = 6",
        f"{NAME} was altered",
    ),
    "ids": (
        "UPDATE notary_seals SET ids = '{4,5,7}' WHERE last_id = 6",
        "event 6 (lead.registered, version 1 of {2}) was inserted",
    ),
    "no ids": (
        "UPDATE notary_seals SET ids = '{NULL}' WHERE last_id = 6",
        "event 4 (lead.registered, version 1 of {4}) was inserted",
    ),
    "shorter": ("UPDATE notary_seals SET last_id = 5 WHERE last_id = 6", "event 6 is missing"),
    "first deleted": (
        "DELETE FROM notary_seals WHERE last_id = 3",
        "event 1 (lead.registered, version 1 of {3}) was inserted, or its seal was deleted",
    ),
    "last deleted": (
        "DELETE FROM notary_seals WHERE last_id = 9",
        "the seals after event 6 are missing",
    ),
    "all deleted": ("DELETE FROM notary_seals", "the seals after event 0 are missing"),
}


@pytest.mark.parametrize(("statement", "fault"), LINKS.values(), ids=list(LINKS))
def test_a_seal_that_was_touched_is_named(container: Container, statement: str, fault: str) -> None:
    """Or the event of which it does not tell the truth any more."""
    leads = given_events(container)
    extend(container)

    somebody_does(container, statement)

    assert verdict(container).fault == fault.format(5, leads[4], leads[5], leads[0], leads[3])


def test_seals_that_were_deleted_are_missed_also_after_the_next_ones(container: Container) -> None:
    """The notary does not begin anew without a word."""
    leads = given_events(container)
    extend(container)
    somebody_does(container, "DELETE FROM notary_seals")
    given_events(container, 3, first=101)
    extend(container)

    first = NAME.format(1, leads[0])
    assert verdict(container).fault == f"{first} was inserted, or its seal was deleted"


def test_erasing_a_person_leaves_the_chain_intact(container: Container) -> None:
    """The key goes; no event is changed."""
    lead, *_ = given_events(container)
    extend(container)
    before = then.table(container, "stored_events")

    container.outreach.erase_lead(lead, actor="api:sales")
    extend(container)

    after = then.table(container, "stored_events")
    assert after[: len(before)] == before
    assert [event.topic for event in after[len(before) :]] == ["lead.erased"]
    assert verdict(container).fault is None


def test_the_export_has_every_event_in_order_byte_for_byte(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Personal data as it is stored: sealed."""
    monkeypatch.setattr(event_log, "PAGE", 4)
    given.lead(container, 1, ["COLD"], name="Aïcha 🌸", attributes={"city": 'Ip"oh\n'})
    given_events(container, 8, first=11)
    given.sequence(container, "COLD", ["Grüße, {name|there}\n“1”"])

    lines = list(event_log.export(container.database))

    log = then.table(container, "stored_events")
    assert lines == [
        b'{"notification_id":%d,"originator_id":"%s","originator_version":%d,"topic":"%s",'
        b'"state":%s}\n' % (id_, str(of).encode(), version, topic.encode(), bytes(state))
        for id_, of, version, topic, state in log
    ]
    assert len(log) == 11
    assert all(a.notification_id < b.notification_id for a, b in pairwise(log))
    assert "Aïcha".encode() not in b"".join(lines)
