"""Consents: recorded once, withdrawn with evidence, and in force or not at any instant."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain import lead
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event
from domain.lead import Agreed, Lead, Profile
from domain.lead.events import (
    LeadConsentGiven,
    LeadConsentWithdrawn,
    LeadErased,
    LeadMerged,
    LeadRegistered,
)
from tests.support.samples import BY, DEVICE, NOW, event

REGISTERED = event(LeadRegistered, 1, phone="+60123456789", triggers=(), profile=Profile())
SAID: dict[str, Any] = {"purpose": "marketing", "source": "form", "words": "I agree"}
YESTERDAY, LAST_WEEK = NOW - timedelta(days=1), NOW - timedelta(days=7)


def given(version: int = 2, at: datetime = YESTERDAY, **changed: Any) -> LeadConsentGiven:
    return event(LeadConsentGiven, version, given_at=at, **{**SAID, **changed})


def withdrawn(version: int, purpose: str = "marketing") -> LeadConsentWithdrawn:
    return event(LeadConsentWithdrawn, version, purpose=purpose, evidence="rang us")


def state(*events: Event) -> Lead:
    found = lead.fold(None, (REGISTERED, *events))
    assert found is not None
    return found


def give(*before: Event, **changed: Any) -> tuple[Event, ...]:
    agreed = Agreed(**{**SAID, **changed})
    return lead.give_consent(state(*before), agreed, lead.ledger(before), **BY)


def test_a_consent_is_recorded_with_its_purpose_source_words_and_time() -> None:
    """Without an instant it was given now; a clock that is a little ahead is not believed."""
    assert give(given_at=YESTERDAY) == (given(),)
    assert give() == (given(at=NOW),)
    assert give(given_at=NOW + timedelta(minutes=4)) == (given(at=NOW),)


def test_the_very_same_consent_is_recorded_once() -> None:
    """Other words, another time, or the same said anew after a withdrawal are another one."""
    assert give(given(), given_at=YESTERDAY) == ()
    assert give(given()) == ()
    assert give(given(), given_at=LAST_WEEK) == (given(3, LAST_WEEK),)
    assert give(given(), words="Yes") == (given(3, NOW, words="Yes"),)
    assert give(given(), withdrawn(3)) == (given(4, NOW),)
    assert give(given(), withdrawn(3), given_at=YESTERDAY) == ()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"purpose": "Marketing"}, "purpose"),
        ({"purpose": ""}, "purpose"),
        ({"source": " "}, "source"),
        ({"words": ""}, "words"),
        ({"words": "x" * 10_001}, "words"),
        ({"given_at": NOW + timedelta(minutes=6)}, "given_at"),
    ],
)
def test_a_consent_that_proves_nothing_is_refused(changed: dict[str, Any], field: str) -> None:
    """By the name of the field."""
    with pytest.raises(InvalidInputError) as refused:
        give(**changed)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "end", [event(LeadErased, 2), event(LeadMerged, 2, into=DEVICE)], ids=["erased", "merged"]
)
def test_who_is_gone_neither_agrees_nor_withdraws(end: Event) -> None:
    """The lead that goes on for a merged one does."""
    with pytest.raises(WrongStateError):
        give(end)
    with pytest.raises(WrongStateError):
        lead.withdraw_consent(state(end), "marketing", "rang", lead.ledger([given()]), **BY)


def test_a_withdrawal_ends_what_is_in_force_of_its_purpose() -> None:
    """All of that, and nothing of another purpose."""
    events = [given(), given(3, words="Yes"), given(4, purpose="service")]
    now = state(*events)

    ended = lead.withdraw_consent(now, "marketing", "rang us", lead.ledger(events), **BY)

    assert ended == (withdrawn(5),)
    after = lead.ledger([*events, *ended])
    assert [each.in_force for each in after] == [False, False, True]
    assert after[0].withdrawal == "rang us"
    assert lead.held(after, "marketing") is None
    assert lead.held(after) == after[2]


@pytest.mark.parametrize(
    ("events", "told"), [([], "not given"), ([given(), withdrawn(3)], "withdrawn")]
)
def test_what_is_not_in_force_cannot_be_withdrawn(events: list[Event], told: str) -> None:
    """And the refusal says how it stands."""
    with pytest.raises(WrongStateError) as refused:
        lead.withdraw_consent(state(*events), "marketing", "rang us", lead.ledger(events), **BY)
    assert refused.value.state == told


def test_a_consent_from_before_its_withdrawal_is_not_in_force() -> None:
    """A form that is noted late undoes nothing; what is given after the withdrawal holds."""
    late = lead.ledger([given(), withdrawn(3), given(4, LAST_WEEK)])
    anew = lead.ledger([given(), withdrawn(3), given(4, NOW + timedelta(seconds=1))])

    assert [each.in_force for each in late] == [False, False]
    assert [each.in_force for each in anew] == [False, True]


OTHER = DEVICE


def passed(own: list[Event], theirs: list[Event]) -> tuple[list[Event], list[lead.Consent]]:
    """What follows of the consents when a lead with ``theirs`` is merged into one with its
    ``own``, and the ledger after that."""
    now = state(*own)
    follows = lead.inherit_consents(now, lead.ledger(own), lead.ledger(theirs), OTHER, **BY)
    return [*follows], lead.ledger([*own, *follows])


def test_the_lead_that_goes_on_gets_the_consents_of_which_it_has_none() -> None:
    """With words and time as they were, and where they are from; its own stay its own."""
    own = [given(words="My own")]
    theirs = [given(), given(3, purpose="service", words="One"), given(4, purpose="service")]

    follows, after = passed(own, theirs)

    service = {"purpose": "service", "from_lead": OTHER}
    assert follows == [given(3, words="One", **service), given(4, **service)]
    assert [(each.words, each.in_force) for each in after] == [
        ("My own", True),
        ("One", True),
        ("I agree", True),
    ]


@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        ([given(), withdrawn(3)], [given()]),
        ([given()], [given(), withdrawn(3)]),
        ([], [given(), withdrawn(3)]),
        ([given(), withdrawn(3)], [given(), withdrawn(3)]),
    ],
    ids=["own", "the other's", "the other's alone", "both"],
)
def test_a_withdrawal_of_either_wins(own: list[Event], theirs: list[Event]) -> None:
    """A form that is noted late does not come before it either."""
    _, after = passed(own, theirs)

    assert {each.in_force for each in after} == {False}
    assert {each.withdrawal for each in after} == {"rang us"}
    late = given(len(after) + len(own) + 9, LAST_WEEK)
    follows, _ = passed(own, theirs)
    assert lead.held(lead.ledger([*own, *follows, late])) is None


def test_what_was_given_again_after_a_withdrawal_passes_over() -> None:
    follows, after = passed([], [given(), withdrawn(3), given(4, NOW, words="Again")])

    assert follows == [given(2, NOW, words="Again", from_lead=OTHER)]
    assert [each.in_force for each in after] == [True]
