"""Whose message it is: of people with new numbers, strangers, and two leads that are one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from domain.errors import WrongStateError
from domain.inbound import Preference, Receipt, Renamed, Reply
from projections.container import Container
from projections.database.engine import rows
from runners.gateways.protocol import Accepted
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.heard import LID, USER, digits, is_out, proves_itself, puts, says
from tests.support.when import Phones


def test_a_number_that_changes_in_the_middle_of_a_batch(container: Container) -> None:
    """What came from it before is hers; what comes from it after is not, and the new one is."""
    given.device(container)
    lead = given.lead(container)
    puts(
        container,
        says(1, "from the old", "in.1", USER),
        Renamed((digits(1), USER), (digits(2),)),
        says(2, "from the new", "in.2"),
        says(1, "STOP", "in.3"),
    )
    when.receives(container)

    state = container.outreach.get_lead(lead)
    assert (state.phone, state.opted_out_at) == (given.phone(2), None)
    texts = [event.text for event in then.events(container, "lead.replied", lead)]
    assert texts == ["from the old", "from the new"]
    (suppressed,) = then.table(container, "suppressions")
    assert suppressed.value == given.phone(1)
    proves_itself(container)


def test_who_has_the_old_number_now_is_somebody_else(
    container: Container, clock: SimulatedClock
) -> None:
    """Another id, although ids follow from phones; and late receipts of what went to the old
    number, or the change told again, do not give it back."""
    given.device(container, gateway="cloud")
    old = given.lead(container, 1)
    given.campaign(container)
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock, Accepted("w.1")), name="cloud"))
    message = then.message(container).message_id
    clock.advance(minutes=1)
    change = Renamed((digits(1), USER), (digits(2),))
    when.told(container, change, gateway="cloud")
    late = Receipt("delivered", message, recipient=(digits(1), LID))
    when.told(container, late, gateway="cloud")

    new = given.lead(container, 1)
    when.told(container, change, Receipt("read", message, recipient=(digits(1),)), gateway="cloud")

    assert new != old
    assert container.outreach.find_lead(given.phone(1)) == new
    assert container.outreach.find_lead(given.phone(2)) == old
    when.told(container, says(1, "STOP", "in.9"), gateway="cloud")
    assert (is_out(container, old), is_out(container, new)) == (False, True)
    # The provider's name for her goes with her.
    when.told(container, Reply((USER,), "STOP", "in.10"), gateway="cloud")
    assert is_out(container, old)
    proves_itself(container)


def test_a_change_that_is_told_late_does_not_undo_a_later_one(container: Container) -> None:
    given.device(container)
    lead = given.lead(container)
    first = Renamed((digits(1), USER), (digits(2),))
    when.told(container, says(1, "Hi", "in.1", USER))
    when.told(container, first, Renamed((digits(2), USER), (digits(3),)))

    when.told(container, first)

    assert container.outreach.get_lead(lead).phone == given.phone(3)


def test_a_new_number_that_is_another_leads_is_taken_from_nobody(container: Container) -> None:
    """Both are shown as one person, and no message goes to the old number."""
    given.device(container)
    one, other = given.many_leads(container, 2)

    when.told(container, Renamed((digits(1),), (digits(2),)))

    state = container.outreach.get_lead(one)
    assert (state.phone, state.unreachable_code) == (given.phone(1), "number_changed")
    assert container.outreach.find_lead(given.phone(2)) == other
    when.told(container, says(2, "STOP", "in.1"))
    assert is_out(container, one)
    assert is_out(container, other)
    proves_itself(container)


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize(
    "words", [["STOP"], ["STOP", "START"], ["STOP", "START", "STOP"], ["START", "STOP"]]
)
def test_a_strangers_last_word_is_remembered(
    container: Container, words: list[str], apart: bool
) -> None:
    """In one batch or in several; whoever is registered with the number starts so."""
    given.device(container)
    given.lead(container, 7)
    when.told(container, says(1, "STOP", "in.0"))  # it was suppressed already
    items = [says(1, word, f"in.{n}", USER) for n, word in enumerate(words, start=1)]
    for batch in [[item] for item in items] if apart else [items]:
        when.told(container, *batch)

    lead = given.lead(container, 1)

    assert is_out(container, lead) is (words[-1] == "STOP")
    when.told(container, Reply((digits(7), USER), "Hi", "in.7"))
    learned = container.outreach.find_lead(given.phone(7))
    assert learned is not None
    assert is_out(container, learned) is (words[-1] == "STOP")
    proves_itself(container)


def test_a_start_with_a_name_that_once_said_no_is_a_start(container: Container) -> None:
    """The name is learned with it; what it said before is heard before."""
    given.device(container)
    lead = given.lead(container)
    when.told(container, Reply((USER,), "STOP", "in.1"))

    when.told(container, says(1, "START", "in.2", USER))

    assert not is_out(container, lead)
    assert then.table(container, "suppressions")[0].released_at is not None
    proves_itself(container)


def test_two_leads_with_one_address_are_out_by_one_no(container: Container) -> None:
    """They may be the same person: in words, or told by the platform."""
    given.device(container)
    leads = given.many_leads(container, 4)
    for number in (1, 2):
        when.told(container, says(number, "Hi", f"in.{number}", USER))
    for number in (3, 4):
        when.told(container, says(number, "Hi", f"in.{number}", LID))

    when.told(container, says(1, "STOP", "in.9", USER))
    when.told(container, Preference((digits(4), LID), True, "stop"))

    assert [is_out(container, lead) for lead in leads] == [True] * 4
    proves_itself(container)


def race(container: Container, first: Callable[[], Any], second: Callable[[], Any]) -> None:
    """``second`` runs, until it is done or has to wait, when ``first`` is about to commit."""
    begun: list[Future[Any]] = []

    def has_to_wait() -> bool:
        with container.database.engine.connect() as connection:
            return bool(rows(connection, "SELECT FROM pg_locks WHERE NOT granted"))

    def meet(point: str) -> None:
        if not begun and point.endswith(".before_commit"):
            begun.append(pool.submit(second))
            then.soon(lambda: begun[0].done() or has_to_wait())

    with ThreadPoolExecutor(1) as pool:
        container.database.fault_point = meet
        first()
        container.database.fault_point = lambda _: None
        begun[0].result(30)


@pytest.mark.parametrize("registers_first", [True, False])
def test_a_no_is_not_missed_between_two_looks(container: Container, registers_first: bool) -> None:
    """A stranger says no in the moment in which somebody registers her."""
    given.device(container)
    puts(container, says(1, "STOP", "in.1"))
    works = (lambda: given.lead(container, 1), lambda: when.receives(container))

    race(container, *(works if registers_first else works[::-1]))
    when.receives(container)

    lead = container.outreach.find_lead(given.phone(1))
    assert lead is not None
    assert is_out(container, lead)


def test_two_leads_that_are_one_person(container: Container, clock: SimulatedClock) -> None:
    """One sequence and one campaign write once, a no is of both, commands go to the one, and
    forgetting forgets both."""
    given.device(container)
    given.lead(container, 1, ["COLD"])
    one = container.outreach.lead_id(given.phone(1))
    other = given.lead(container, 2, ["COLD", "WARM"])
    cold = given.sequence(container, "COLD", ["One", "Two"], stop_on_reply=False)
    warm = given.sequence(container, "WARM", ["Uno"], stop_on_reply=False)
    when.enrolls(container)
    campaign = given.campaign(container)
    when.triggers(container)
    outreach = container.outreach

    outreach.merge_leads(one, other, actor="api:boss")

    assert outreach.find_lead(given.phone(2)) == one
    live = then.messages(container, status="pending")
    assert [m.lead_id for m in live if m.campaign_id == campaign] == [one]
    assert {m.lead_id for m in live if m.sequence_id == cold} == {one}
    assert {m.lead_id for m in live if m.sequence_id == warm} == {other}
    assert {m.reason for m in then.messages(container, status="cancelled")} == {"merged"}
    for refused in (
        lambda: outreach.opt_out(other, "no", actor="api:x"),
        lambda: outreach.add_trigger(other, "HOT", actor="api:x"),
        lambda: outreach.change_phone(other, given.phone(5), "new", actor="api:x"),
        lambda: outreach.merge_leads(other, one, actor="api:x"),
    ):
        with pytest.raises(WrongStateError, match="merged"):
            refused()

    when.told(container, says(2, "STOP", "in.1"))
    assert is_out(container, one)
    assert is_out(container, other)
    assert then.messages(container, status="pending") == []

    outreach.erase_lead(one, actor="api:boss")
    assert {outreach.get_lead(each).erased_at for each in (one, other)} == {clock()}
    assert then.table(container, "lead_keys") == then.table(container, "replies") == []
    proves_itself(container)


def test_a_sequence_passes_its_trigger_on_to_whom_the_lead_was_merged_into(
    container: Container, clock: SimulatedClock
) -> None:
    """The reaper goes on; the next sequence is hers."""
    given.device(container)
    one = given.lead(container, 1)
    other = given.lead(container, 2, ["COLD"])
    given.sequence(container, "COLD", ["One"], next_trigger="WARM")
    when.enrolls(container)
    container.outreach.merge_leads(one, other, actor="api:boss")
    clock.advance(minutes=5)
    when.looks(when.broadcaster(container, Phones(clock)))

    when.reaps(container)

    assert then.table(container, "enrollments")[0].status == "completed"
    assert container.outreach.get_lead(one).triggers == ("WARM",)
