"""What is told again, or late, when it was first told of somebody else or of nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.inbound import Receipt, Renamed, Reply
from projections.container import Container
from projections.intake.providers.payload import DERIVED
from projections.records import quarantine
from runners.gateways.protocol import Accepted
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.heard import LID, USER, digits, is_out, outcomes, proves_itself, says
from tests.support.when import Phones


def suppressed(container: Container, number: int) -> bool:
    rows = then.table(container, "suppressions")
    return any(row.value == given.phone(number) and not row.released_at for row in rows)


def test_a_strangers_words_that_are_told_again_change_nothing(container: Container) -> None:
    """Her no was taken back since; only a new one counts."""
    given.device(container)
    when.told(container, says(1, "STOP", "in.1"), says(1, "START", "in.2"))
    before = then.table(container, "suppressions")

    when.told(container, says(1, "STOP", "in.1"), says(1, "START", "in.2"))
    when.told(container, says(1, "STOP", "in.1"))

    assert then.table(container, "suppressions") == before
    assert outcomes(container) == {"unattributed": 2, "repeated": 3}
    when.told(container, says(1, "STOP", "in.3"))
    assert suppressed(container, 1)
    proves_itself(container)


def test_a_strangers_start_that_comes_late_does_not_undo_a_later_no(
    container: Container, clock: SimulatedClock
) -> None:
    given.device(container)
    started = clock()
    clock.advance(minutes=5)
    when.told(container, says(1, "STOP", "in.1", at=clock()))

    when.told(container, says(1, "START", "in.2", at=started))

    assert suppressed(container, 1)
    clock.advance(minutes=5)
    when.told(container, says(1, "START", "in.3", at=clock()))
    assert not suppressed(container, 1)


def test_what_a_stranger_said_is_told_again_when_she_is_somebody(container: Container) -> None:
    """It is no reply of today, and her opt-in is not undone by the old no."""
    given.device(container)
    when.told(container, says(1, "STOP", "in.1"))
    lead = given.lead(container, 1)
    assert is_out(container, lead)
    container.outreach.opt_in(lead, "signed a form", actor="api:boss")

    when.told(container, says(1, "STOP", "in.1"))

    assert not is_out(container, lead)
    assert then.events(container, "lead.replied") == []
    proves_itself(container)


def test_what_was_said_to_a_lead_is_told_again_when_it_is_merged(container: Container) -> None:
    given.device(container)
    one, other = given.many_leads(container, 2)
    items = says(2, "Hi", "in.1"), says(2, "Hello", "edit.1", edits="in.1")
    when.told(container, *items)
    container.outreach.merge_leads(one, other, actor="api:boss")

    when.told(container, *items)

    assert then.events(container, "lead.replied", one) == []
    assert outcomes(container) == {"attributed": 2, "repeated": 2}
    proves_itself(container)


@pytest.mark.parametrize("has_ids", [True, False])
def test_a_no_without_an_id_of_the_provider_is_heard_once_more(
    container: Container, clock: SimulatedClock, has_ids: bool
) -> None:
    """STOP, START and STOP within minutes: the third looks like the first, told again."""
    given.device(container)
    lead = given.lead(container)
    prefix = "wamid." if has_ids else DERIVED
    for word in ("STOP", "START"):
        when.told(container, says(1, word, f"{prefix}{word}"))
        clock.advance(minutes=1)

    when.told(container, says(1, "STOP", f"{prefix}STOP"))

    assert is_out(container, lead) is not has_ids
    assert len(then.events(container, "lead.replied", lead)) == 2
    when.told(container, says(1, "START", f"{prefix}START"))
    assert is_out(container, lead) is not has_ids
    proves_itself(container)


@pytest.mark.parametrize("has_ids", [True, False])
def test_a_strangers_no_without_an_id_is_remembered_once_more(
    container: Container, has_ids: bool
) -> None:
    given.device(container)
    given.lead(container, 7)
    prefix = "wamid." if has_ids else DERIVED
    for word in ("STOP", "START", "STOP"):
        when.told(container, says(1, word, f"{prefix}{word}"))

    assert suppressed(container, 1) is not has_ids
    assert is_out(container, given.lead(container, 1)) is not has_ids
    proves_itself(container)


def test_a_strangers_second_no_holds_against_a_start_from_between(
    container: Container, clock: SimulatedClock
) -> None:
    """STOP at 0, STOP at 4, and what she said at 2 comes last; since when, and why, stay."""
    given.device(container)
    at = [clock() + timedelta(seconds=seconds) for seconds in (0, 2, 4)]
    when.told(container, says(1, "STOP", "in.1", at=at[0]))
    clock.advance(seconds=5)
    (first,) = then.table(container, "suppressions")
    when.told(container, says(1, "please stop", "in.2", at=at[2]))

    when.told(container, says(1, "START", "in.3", at=at[1]))

    assert suppressed(container, 1)
    (now,) = then.table(container, "suppressions")
    assert (now.evidence, now.created_at) == (first.evidence, first.created_at)
    proves_itself(container)


def test_a_second_no_by_another_name_holds_against_an_opt_in_from_between(
    container: Container, clock: SimulatedClock
) -> None:
    """Nobody knew yet that the name was hers."""
    given.device(container)
    lead = given.lead(container, 1)
    when.told(container, Reply((LID,), "STOP", "in.1", at=clock()))
    clock.advance(minutes=1)
    container.outreach.opt_out(lead, "by letter", actor="api:boss")
    container.outreach.opt_in(lead, "signed a form", actor="api:boss")
    clock.advance(minutes=1)
    when.told(container, Reply((LID,), "STOP", "in.2", at=clock()))

    when.told(container, says(1, "hello", "in.3", LID))

    assert is_out(container, lead)
    proves_itself(container)


def test_a_strangers_edit_that_is_told_again_changes_nothing(
    container: Container, clock: SimulatedClock
) -> None:
    given.device(container)
    edit = says(1, "START", "edit.1", edits="in.1")
    when.told(container, says(1, "STARTT", "in.1"), edit, says(1, "STOP", "in.2"))

    when.told(container, edit)

    assert suppressed(container, 1)
    assert outcomes(container)["repeated"] == 1
    late = says(2, "STOP", "edit.2", edits="never came")
    when.told(container, late, says(2, "START", "in.3"), late)
    assert not suppressed(container, 2)


def test_a_number_that_changed_is_told_again_when_it_changed_back(
    container: Container, clock: SimulatedClock
) -> None:
    """By a person's correction, or by the provider: whoever has the other number is a stranger."""
    given.device(container)
    lead = given.lead(container)
    change = Renamed((digits(1), USER), (digits(2),), at=clock())
    when.told(container, change)
    assert container.outreach.get_lead(lead).phone == given.phone(2)
    clock.advance(hours=1)
    container.outreach.change_phone(lead, given.phone(1), "she rang", actor="api:boss")

    when.told(container, change)

    assert container.outreach.get_lead(lead).phone == given.phone(1)
    clock.advance(hours=1)
    # Two that are told late, together and in order, are both heard.
    there = Renamed((digits(1), USER), (digits(2),), at=clock() - timedelta(minutes=20))
    further = Renamed((digits(2), USER), (digits(3),), at=clock() - timedelta(minutes=10))
    when.told(container, there)
    when.told(container, further)
    when.told(container, there, further)
    assert container.outreach.get_lead(lead).phone == given.phone(3)
    proves_itself(container)


def test_a_late_receipt_from_an_old_number_teaches_nothing(
    container: Container, clock: SimulatedClock
) -> None:
    """Whoever has the number now is called by the names in it."""
    given.device(container, gateway="cloud")
    lead = given.lead(container)
    given.campaign(container)
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock, Accepted("w.1")), name="cloud"))
    message = then.message(container).message_id
    clock.advance(minutes=1)
    when.told(container, Renamed((digits(1),), (digits(2),)), gateway="cloud")

    late = Receipt("read", message, "w.1", recipient=(digits(1), LID, USER))
    when.told(container, late, gateway="cloud")

    kinds = [row.kind for row in then.table(container, "lead_addresses") if row.lead_id == lead]
    assert sorted(set(kinds)) == ["phone"]
    proves_itself(container)


def test_a_second_no_says_more_and_the_first_day_stays(
    container: Container, clock: SimulatedClock
) -> None:
    """What WhatsApp may take back by itself is not all that the person said."""
    given.device(container)
    lead = given.lead(container)
    first = clock()
    when.told(container, says(1, "STOP", "in.1", at=clock()))
    clock.advance(days=1)

    when.told(container, says(1, "Please stop", "in.2", at=clock()))

    state = container.outreach.get_lead(lead)
    assert (state.opted_out_at, state.opt_out_said_at) == (first, first + timedelta(days=1))
    assert len(then.events(container, "lead.opted_out", lead)) == 2
    proves_itself(container)


def test_the_no_of_a_lead_that_is_put_aside_is_remembered(container: Container) -> None:
    """Nothing can be recorded of the lead; when it comes back, its number has said no."""
    given.device(container)
    lead = container.outreach.lead_id(given.phone(1))
    with container.database.transaction() as connection:
        aside = quarantine.Aside(kind="lead", id=lead, runner="import", reason="broken")
        quarantine.put(connection, [aside], container.outreach.clock())

    when.told(container, says(1, "STOP", "in.1"))

    assert suppressed(container, 1)
