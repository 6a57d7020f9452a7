"""The same words twice within ten minutes are one reply; a no of who is in counts each time."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from domain.inbound import Reply
from projections.container import Container
from projections.intake.providers.payload import derived_id
from projections.rebuild.rebuild import rebuild
from runners.gateways.protocol import Accepted
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.heard import LID, digits, is_out, outcomes, proves_itself, puts, says
from tests.support.when import Phones

# What the provider tells beside the words: an id and a time, an id alone, or nothing.
TELLS = ["id and time", "id", "nothing"]


def said(text: str, now: datetime, tells: str, number: int = 1, **more: str) -> Reply:
    id_ = derived_id(now, number, text) if tells == "nothing" else f"in.{uuid4()}"
    at = now if tells == "id and time" else None
    return Reply((digits(number),), text, id_, at=at, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("tells", TELLS)
@pytest.mark.parametrize("batches", [True, False])
def test_the_same_words_within_ten_minutes_are_one_reply(
    container: Container, clock: SimulatedClock, tells: str, batches: bool
) -> None:
    """However the hour is divided, with other white space, and after a rebuild."""
    device = given.device(container, gateway="gowa")
    lead = given.lead(container)
    clock.move_to(clock().replace(minute=19, second=30))
    first, again = said("Yes please", clock(), tells), "Yes \n please "
    puts(container, first, device=device)
    if batches:
        when.receives(container)
        assert not any(rebuild(container.database).values())
    clock.advance(minutes=9)
    puts(container, said(again, clock(), tells), device=device)
    when.receives(container)

    clock.advance(minutes=1)
    puts(container, said("Yes please", clock(), tells), device=device)
    puts(container, said("YES please", clock(), tells), device=device)
    when.receives(container)

    texts = [reply.text for reply in then.events(container, "lead.replied", lead)]
    assert texts == ["Yes please", "Yes please", "YES please"]
    assert outcomes(container) == {"attributed": 3, "repeated": 1}
    proves_itself(container)


@pytest.mark.parametrize("tells", TELLS)
def test_a_no_of_who_is_in_counts_each_time(
    container: Container, clock: SimulatedClock, tells: str
) -> None:
    device = given.device(container, gateway="gowa")
    lead = given.lead(container)
    for _ in range(3):
        puts(container, said("STOP", clock(), tells), device=device)
        when.receives(container)
        assert is_out(container, lead)
        clock.advance(minutes=1)
        container.outreach.opt_in(lead, "on the phone", actor="api:boss")
        clock.advance(minutes=1)
        assert not any(rebuild(container.database).values())

    puts(container, said("STOP", clock(), tells), device=device)
    when.receives(container)

    assert is_out(container, lead)
    assert len(then.events(container, "lead.replied", lead)) == 1
    assert len(then.events(container, "lead.opted_out", lead)) == 4
    proves_itself(container)


def test_the_same_words_mean_the_same_again(container: Container, clock: SimulatedClock) -> None:
    """They end a sequence that began since, and say no once more before a start that comes late."""
    device = given.device(container, gateway="gowa")
    puts(container, says(1, "Hi", at=clock()), device=device)
    lead = given.lead(container, 1, ["COLD"])
    puts(container, says(1, "Hi", at=clock()), device=device)
    when.receives(container)
    given.sequence(container, "COLD", ["One"])
    clock.advance(minutes=1)
    when.enrolls(container)
    clock.advance(minutes=1)

    puts(container, says(1, "Hi", at=clock()), device=device)
    when.receives(container)
    assert then.statuses(container) == {"cancelled": 1}

    begun = clock()
    for minutes, word in ((0, "STOP"), (2, "STOP"), (1, "START")):
        puts(container, says(1, word, at=begun + timedelta(minutes=minutes)), device=device)
    clock.advance(minutes=3)
    when.receives(container)
    assert is_out(container, lead)
    assert len(then.events(container, "lead.replied", lead)) == 3


@pytest.mark.parametrize("tells", TELLS)
def test_the_same_words_to_another_device_are_another_reply(
    container: Container, clock: SimulatedClock, tells: str
) -> None:
    lead = given.lead(container)
    for name in ("One", "Two"):
        device = given.device(container, name, gateway="whacenter")
        payload = {"from": given.phone(1).removeprefix("+"), "message": "Hi"}
        if tells == "nothing":
            when.tells(container, "whacenter", device, payload)
        else:
            puts(container, said("Hi", clock(), tells), device=device)
    when.receives(container)

    assert len(then.events(container, "lead.replied", lead)) == 2


def test_the_same_words_about_another_message_are_another_reply(
    container: Container, clock: SimulatedClock
) -> None:
    device = given.device(container, gateway="gowa")
    lead = given.lead(container)
    for number in (1, 2):
        given.campaign(container)
        when.triggers(container)
        sent = Phones(clock, Accepted(f"3EB0A{number}"))
        when.looks(when.broadcaster(container, sent, name="gowa"))
        clock.advance(minutes=1)
        puts(container, says(1, "Yes", at=clock()), device=device)
        when.receives(container)
    # To the first once more: what she quotes counts.
    puts(container, says(1, "Yes", at=clock(), quoted="3EB0A1"), device=device)
    when.receives(container)

    assert len(then.events(container, "lead.replied", lead)) == 2


def test_pictures_without_words_are_not_the_same(
    container: Container, clock: SimulatedClock
) -> None:
    device = given.device(container, gateway="gowa")
    lead = given.lead(container)
    for _ in range(2):
        puts(container, says(1, "", kind="image", at=clock()), device=device)
    puts(container, says(1, "look", kind="image", at=clock()), device=device)
    puts(container, says(1, "look", at=clock()), device=device)
    when.receives(container)

    assert len(then.events(container, "lead.replied", lead)) == 4


def test_what_comes_late_is_as_old_as_the_provider_says(
    container: Container, clock: SimulatedClock
) -> None:
    device = given.device(container, gateway="gowa")
    lead = given.lead(container)
    begun = clock()
    clock.advance(days=1)
    for minutes in (0, 9, 11):
        at = begun + timedelta(minutes=minutes)
        puts(container, says(1, "Hi", at=at), device=device)
        when.receives(container)
        clock.advance(hours=1)

    assert [r.sent_at for r in then.events(container, "lead.replied", lead)] == [
        begun,
        begun + timedelta(minutes=11),
    ]


@pytest.mark.parametrize("tells", TELLS)
def test_a_strangers_same_words_are_one_reply_and_each_no_counts(
    container: Container, clock: SimulatedClock, tells: str
) -> None:
    device = given.device(container, gateway="gowa")
    clock.move_to(clock().replace(minute=19, second=30))
    for word in ("Hi", "Hi ", "STOP", "START", "STOP"):
        clock.advance(minutes=1)
        puts(container, said(word, clock(), tells), device=device)
        when.receives(container)

    texts = sorted(row.text for row in then.table(container, "unattributed_replies"))
    assert texts == ["Hi", "START", "STOP"]
    assert is_out(container, given.lead(container, 1))
    clock.advance(minutes=10)
    puts(container, Reply((LID,), "Hi", "in.1"), device=device)
    when.receives(container)
    assert len(then.table(container, "unattributed_replies")) == 4
    proves_itself(container)
