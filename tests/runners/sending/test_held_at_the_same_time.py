"""A campaign or a sequence is paused or resumed at the very moment at which its messages become
pending: they are held or due as it says."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from projections.container import Container
from projections.database.engine import rows
from projections.rebuild.rebuild import rebuild
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones

WAITS = (
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def meanwhile(
    container: Container, point: str, work: Callable[[], Any], act: Callable[[], Any]
) -> None:
    """``work`` is about to commit when ``act`` begins; both end."""
    acted: list[Future[Any]] = []
    with ThreadPoolExecutor(1) as pool:

        def begin(reached: str) -> None:
            if reached != point or acted:
                return
            acted.append(pool.submit(act))
            then.soon(lambda: acted[0].done() or waits(container))

        container.database.fault_point = begin
        work()
        acted[0].result(20)
        container.database.fault_point = lambda reached: None


def waits(container: Container) -> bool:
    with container.database.transaction() as connection:
        return bool(rows(connection, WAITS))


def test_a_campaign_is_resumed_while_a_message_of_it_is_released(
    container: Container, clock: SimulatedClock
) -> None:
    given.due_messages(container)
    campaign = then.table(container, "campaigns")[0].campaign_id
    worker = when.broadcaster(container, Phones(clock))
    when.claims(worker)
    container.outreach.pause_campaign(campaign, actor="api:sales")

    meanwhile(
        container,
        "dispatch.before_commit",
        lambda: when.dispatches(worker),
        lambda: container.outreach.resume_campaign(campaign, actor="api:sales"),
    )

    (message,) = then.messages(container)
    assert (message.status, message.due_at) == ("pending", message.scheduled_at)
    assert not any(rebuild(container.database).values())


def test_a_campaign_is_paused_while_a_message_of_it_is_released(
    container: Container, clock: SimulatedClock
) -> None:
    given.due_messages(container, 2, pace=(60, 60))
    campaign = then.table(container, "campaigns")[0].campaign_id
    given.settings(container, broadcast_every=600.0)
    worker = when.broadcaster(container, Phones(clock))
    assert when.claims(worker) == 2

    meanwhile(
        container,
        "release.before_commit",
        worker.release,
        lambda: container.outreach.pause_campaign(campaign, actor="api:sales"),
    )

    assert {(m.status, m.due_at) for m in then.messages(container)} == {("pending", None)}
    assert not any(rebuild(container.database).values())


def test_a_sequence_is_paused_while_people_are_enrolled(container: Container) -> None:
    given.device(container)
    given.many_leads(container, 3, ["COLD"])
    sequence = given.sequence(container)

    meanwhile(
        container,
        "enroll.before_commit",
        lambda: when.enrolls(container),
        lambda: container.outreach.pause_sequence(sequence, actor="api:sales"),
    )

    assert {m.due_at for m in then.messages(container)} == {None}
    assert not any(rebuild(container.database).values())
