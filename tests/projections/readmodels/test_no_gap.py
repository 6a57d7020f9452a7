"""A stream never has a gap: an event that does not follow its aggregate's row is refused, with all
that is in its transaction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import IntegrityError

from domain import message
from domain.errors import StorageError
from projections.container import Container
from projections.eventstore.append import append
from projections.readmodels.projector import HANDLERS
from projections.rebuild.rebuild import rebuild, replay
from tests.support import given, then

FILE = Path(__file__).parents[2] / "domain" / "stored_events.jsonl"
SAMPLES = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
TOPICS = {topic for topics in HANDLERS for topic in topics}
# Of the stream about access, which has no row of its own: whoever adds to it asks the log.
ACCESS = "access."
BEGIN = {
    "lead.registered",
    "sequence.defined",
    "enrollment.lead_enrolled",
    "campaign.drafted",
    "campaign.scheduled",
    "device.registered",
    "message.scheduled",
    "suppression.address_suppressed",
}


def stored(sample: Any, version: int) -> tuple[UUID, int, str, bytes]:
    state = {**sample["state"], "originator_version": version}
    return UUID(state["originator_id"]), version, sample["topic"], json.dumps(state).encode()


def test_every_topic_is_tried() -> None:
    assert {sample["topic"] for sample in SAMPLES} >= TOPICS


@pytest.mark.parametrize(
    ("sample", "version"),
    [
        (sample, version)
        for sample in SAMPLES
        for version in (1, 2, 5)
        if sample["topic"] in TOPICS
        and not sample["topic"].startswith(ACCESS)
        and (version > 1 or sample["topic"] not in BEGIN)
    ],
    ids=lambda value: value if isinstance(value, int) else value["topic"],
)
def test_an_event_without_the_one_before_it_is_refused(
    container: Container, sample: Any, version: int
) -> None:
    """Of an aggregate that there is not, every version but that of a beginning."""
    with (
        pytest.raises(IntegrityError, match="1 events, but 0 rows"),
        container.database.transaction() as connection,
    ):
        append(connection, [stored(sample, version)])

    assert then.count(container.database) == 0


def test_what_is_beside_a_gap_is_not_kept(container: Container) -> None:
    """The other events of the batch are as undone as the one that leaves a gap."""
    given.due_messages(container, 2)
    first, second = (row.message_id for row in then.messages(container))
    before = then.count(container.database)
    late = message.InHand(second, 4, "queued", 1)
    events = [
        message.cancel(
            message.InHand(first, 1, "pending", 0),
            "operator",
            now=container.outreach.clock(),
            actor="test",
        ),
        message.confirm_sent(late, "wamid.1", now=container.outreach.clock(), actor="test"),
    ]

    with pytest.raises(IntegrityError), container.database.transaction() as connection:
        container.outreach.record(connection, events)

    assert then.count(container.database) == before
    assert container.outreach.get_message(first).status == "pending"


def test_rebuild_and_replay_refuse_a_log_with_a_gap(container: Container) -> None:
    """They do not swap, and name where it is."""
    given.due_messages(container)
    message_id = then.message(container).message_id
    state = message.InHand(message_id, 4, "queued", 1)
    sent = message.confirm_sent(state, "wamid.1", now=container.outreach.clock(), actor="test")
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " SELECT %(id)s, 5, 'message.sent', %(state)s",
            {
                "id": message_id,
                "state": container.outreach.mapper.to_stored_event(sent).state,
            },
        )

    with pytest.raises(StorageError, match="is not what was written"):
        rebuild(container.database, swap=True)
    with pytest.raises(StorageError, match="is not what was written"):
        replay(container.database, "as_it_was", container.outreach.clock())
    assert then.message(container).status == "pending"
    with pytest.raises(StorageError, match="is not what was written"):  # the name is not taken
        replay(container.database, "as_it_was", container.outreach.clock())
