"""The database went back behind what was sent, and what was lost is planned anew at another
instant: the message has another id, and nobody gets it twice."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from domain.campaign.definition import Definition
from projections.container import Container
from runners.gateways.protocol import Accepted, Rejected, Throttled, Unknown
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.went_back import goes_back, meets_another_server, position, proven, reconciles
from tests.support.when import Phones

ANSWERS = (Accepted("wamid.1"), Rejected("131026", "no"), Unknown("silence"), Throttled(60.0))


def ids_and_states(container: Container) -> tuple[set[UUID], dict[UUID, tuple[str, str | None]]]:
    """Of the messages there are: their ids, and by lead how they fare."""
    found = then.messages(container)
    states = {row.lead_id: (row.status, row.provider_id) for row in found}
    return {row.message_id for row in found}, states


def enrolls(container: Container) -> Callable[[], object]:
    given.many_leads(container, 4, ["COLD"])
    given.sequence(container, bodies=["One"], first_delay_minutes=0)
    return lambda: when.enrolls(container)


def fires_earlier(container: Container) -> Callable[[], object]:
    """A campaign that was put forward, which the log lost too, and now is put forward further."""
    given.many_leads(container, 4)
    campaign = given.campaign(container, at=container.outreach.clock())
    minutes = iter((1, 2))

    def fire() -> None:
        def earlier(definition: Definition) -> Definition:
            at = container.outreach.clock().replace(minute=next(minutes), year=2026, month=1)
            return given.changed(definition, scheduled_at=at)

        container.outreach.revise_campaign(campaign, earlier, actor="api:sales")
        when.triggers(container)

    return fire


@pytest.mark.parametrize("prepare", [enrolls, fires_earlier])
def test_it_is_recorded_under_its_new_id_and_not_sent_again(
    prepare: Callable[[Container], Callable[[], object]],
    container: Container,
    clock: SimulatedClock,
) -> None:
    given.device(container)
    plan = prepare(container)
    before = position(container)
    plan()
    phones = Phones(clock, *ANSWERS)
    worker = when.broadcaster(container, phones)
    when.looks(worker)
    former, was = ids_and_states(container)
    assert then.statuses(container) == {"sent": 1, "failed": 1, "unknown": 1, "pending": 1}

    clock.advance(minutes=1)
    goes_back(container, before, worker)
    reconciles(worker)
    plan()
    when.reaps(container)

    ids, states = ids_and_states(container)
    assert ids.isdisjoint(former)
    assert states == was
    clock.advance(minutes=2)
    when.looks(worker)
    assert then.statuses(container) == {"sent": 2, "failed": 1, "unknown": 1}
    assert len(phones.sent) == 5
    assert then.table(container, "quarantine") == []

    meets_another_server(worker)
    reconciles(worker)
    assert then.table(container, "quarantine") == []
    proven(container, phones)


def test_until_it_is_recorded_nobody_claims_it(container: Container, clock: SimulatedClock) -> None:
    given.device(container)
    plan = enrolls(container)
    before = position(container)
    plan()
    worker = when.broadcaster(container, Phones(clock))
    when.looks(worker)
    clock.advance(minutes=1)
    goes_back(container, before, worker)
    reconciles(worker)
    plan()

    phones = Phones(clock)
    when.looks(when.broadcaster(container, phones, "another"))

    assert phones.sent == []
    assert then.statuses(container) == {"pending": 4}


def test_an_answer_that_comes_when_it_is_unknown_already(
    container: Container, clock: SimulatedClock
) -> None:
    given.device(container)
    plan = enrolls(container)
    before = position(container)
    plan()
    worker = when.broadcaster(container, Phones(clock))
    result = worker.claim(worker.claim_request())
    former, _ = ids_and_states(container)
    clock.advance(seconds=2)
    goes_back(container, before, worker)
    reconciles(worker)
    plan()
    when.reaps(container)
    assert then.statuses(container) == {"unknown": 4}

    when.sends_claimed(worker, result)

    assert then.statuses(container) == {"sent": 4}
    assert ids_and_states(container)[0].isdisjoint(former)
    assert then.gaps(container) == []
