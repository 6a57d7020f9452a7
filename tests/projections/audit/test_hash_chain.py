"""The notary's chain: whoever touches the log or the links is found out, and the event is named."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise

import pytest

from projections.audit import event_log
from projections.audit.hash_chain import Verification
from projections.container import Container
from tests.projections.audit.chain import chained_ids, extend, given_events, verdict
from tests.support import given, then, when
from tests.support.processes import sendtrail

pytestmark = pytest.mark.usefixtures("small_pages")


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
    assert [link.last_id for link in then.table(container, "hash_chain_links")] == [3, 6, 7]
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
    """The next one chains the rest, and no event twice."""
    given_events(container, 5)
    command = ("run", "notary", "--once")

    killed = sendtrail(*command, database_url=database_url, fault=f"notary.{moment}_commit:1")
    assert killed.returncode == -9
    assert chained_ids(container) == kept

    again = sendtrail(*command, database_url=database_url)
    assert (again.returncode, again.stdout) == (0, f"notary: {5 - len(kept)}\n")
    assert chained_ids(container) == [1, 2, 3, 4, 5]
    assert verdict(container).fault is None


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
    """Personal data as it is stored: encrypted."""
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
