"""What follows for a person from what is said, twice, late, and by which way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from domain.addresses import Address
from domain.conversation import Conversation
from domain.inbound import Reply
from domain.lead.events import (
    LeadConsentGiven,
    LeadContactedByHand,
    LeadOptedOut,
    LeadReachable,
    LeadReplied,
    LeadUnreachable,
)
from domain.suppression import AddressReleased
from domain.surroundings import LastMessage
from tests.support.talks import (
    DAY,
    DEVICE,
    HEARD,
    LID,
    NOW,
    PHONE,
    THROUGH,
    of_kind,
    on_the_way,
    pending,
    person,
    running,
    says,
    suppressed,
    topics,
)


def test_a_no_gives_up_all_that_was_planned() -> None:
    """Sequences that go on after replies too, and the evidence has the words and the way."""
    talk = on_the_way()

    says(talk, " Stop! ", NOW - timedelta(seconds=7))

    (no,) = of_kind(talk, LeadOptedOut)
    assert (no.evidence, no.via, no.device_id, no.gateway) == (" Stop! ", "reply", DEVICE, "gowa")
    assert no.said_at == NOW - timedelta(seconds=7)
    assert topics(talk).count("message.cancelled") == 3
    assert topics(talk).count("enrollment.stopped") == 2
    assert {e.reason for e in talk.events if e.TOPIC == "message.cancelled"} == {"opted_out"}
    assert (talk.running, talk.unsent) == ([], {})


def test_a_reply_stops_what_began_before_it_was_written() -> None:
    """And nothing that began since: what is late was said of what was there."""
    talk = on_the_way()

    says(talk, "Who is this?", NOW - timedelta(hours=2))
    assert topics(talk) == ["lead.replied"]

    says(talk, "Who is this?", NOW - timedelta(minutes=59))
    assert topics(talk)[1:] == ["lead.replied", "enrollment.stopped", "message.cancelled"]
    assert len(talk.unsent) == 2


@pytest.mark.parametrize(
    ("after", "automatic"), [(-2, False), (0, True), (3, True), (3.5, False), (60, False)]
)
def test_what_comes_at_once_is_automatic_and_a_no_is_a_no(after: float, automatic: bool) -> None:
    """Seconds after our message was sent, by the provider's clock; its instants are whole
    seconds."""
    sent = NOW - timedelta(minutes=10)
    last = LastMessage(UUID(int=8), sent, sent)

    talk = on_the_way(last=last)
    says(talk, "We are closed", sent + timedelta(seconds=after))
    assert [event.automatic for event in of_kind(talk, LeadReplied)] == [automatic]
    assert (len(talk.running) == 2) is automatic

    talk = on_the_way(last=last)
    says(talk, "STOP", sent + timedelta(seconds=after))
    assert talk.lead.opted_out_at is not None
    assert talk.unsent == {}


@pytest.mark.parametrize("texts", [["STOP", "START"], ["START", "STOP"], ["STOP", "START", "STOP"]])
@pytest.mark.parametrize("late", [timedelta(0), timedelta(minutes=5)])
def test_the_last_word_counts_however_late_all_of_them_come(
    texts: list[str], late: timedelta
) -> None:
    """In one webhook, or long after they were written: they are compared by when they were
    said, not by when they came."""
    talk = on_the_way(person(opted_in_at=NOW - DAY))

    for number, text in enumerate(texts):
        says(talk, text, NOW - late + timedelta(seconds=2 * number) - timedelta(seconds=9))

    assert (talk.lead.opted_out_at is not None) is (texts[-1] == "STOP")


def test_a_no_from_before_an_opt_in_changes_nothing() -> None:
    talk = on_the_way(person(opted_in_at=NOW - timedelta(minutes=1)))

    says(talk, "STOP", NOW - timedelta(minutes=2))
    assert talk.lead.opted_out_at is None
    assert len(talk.unsent) == 2  # it was a reply all the same

    # Providers cut off the second: this one may have come after it.
    says(talk, "STOP", NOW - timedelta(seconds=60.9))
    assert talk.lead.opted_out_at is not None


def test_an_opt_in_from_before_a_no_changes_nothing() -> None:
    talk = on_the_way()
    says(talk, "STOP", NOW - timedelta(minutes=1))

    says(talk, "START", NOW - timedelta(minutes=2))

    assert talk.lead.opted_out_at is not None


def test_resume_undoes_only_the_platforms_own_stop() -> None:
    """What the person said in words, what an operator wrote down, or a merge, stays."""
    for via in ("reply", "operator", "import", "suppression", "merge"):
        talk = on_the_way()
        talk.opt_out("no", via)
        talk.opt_in("resume", "platform")
        assert talk.lead.opted_out_at is not None, via

    talk = on_the_way()
    talk.opt_out("stop", "platform")
    talk.opt_in("resume", "platform")
    assert talk.lead.opted_out_at is None

    talk = on_the_way()
    talk.opt_out("stop", "platform")
    says(talk, "STOP")
    talk.opt_in("resume", "platform")
    assert talk.lead.opted_out_at is not None
    assert talk.lead.opt_out_via == "reply"


def test_a_no_among_words_and_signals_is_the_wish() -> None:
    """Whatever else stands beside it."""
    for text, signals in (("Start", ("STOP",)), ("Yes", ("x", "stop promotions")), ("", ("Stop",))):
        talk = on_the_way()
        says(talk, text, signals=signals)
        (no,) = of_kind(talk, LeadOptedOut)
        assert signals[-1] in no.evidence
        assert text in no.evidence


def test_an_edit_says_what_the_new_words_say() -> None:
    talk = on_the_way()
    item = Reply((), "STOP", "edit.1", edits="in.1", at=NOW)

    talk.edit(item, THROUGH, HEARD)

    assert topics(talk)[0] == "lead.reply_edited"
    (edited,) = (event for event in talk.events if event.TOPIC == "lead.reply_edited")
    assert (edited.provider_id, edited.edit_id, edited.text) == ("in.1", "edit.1", "STOP")
    assert talk.unsent == {}


def test_by_hand_stops_what_says_so_and_began_before() -> None:
    stops, goes_on = running(1), running(2, stop_on_manual_message=False)
    later = running(3, enrolled_at=NOW)
    talk = on_the_way(running=(stops, goes_on, later), unsent=(pending(1, stops),))

    talk.by_hand(DEVICE, "3EB0", NOW - timedelta(minutes=1))

    assert [event.sent_at for event in of_kind(talk, LeadContactedByHand)] == [
        NOW - timedelta(minutes=1)
    ]
    assert talk.running == [goes_on, later]
    assert [e.reason for e in talk.events if e.TOPIC == "message.cancelled"] == ["by_hand"]


SIGNS_OF_LIFE: dict[str, Callable[[Conversation], None]] = {
    "a reply": lambda talk: says(talk, "Hi"),
    "an edit": lambda talk: talk.edit(Reply((), "Hi", "e", edits="i"), THROUGH, HEARD),
    "a message that arrived": lambda talk: talk.reached(None),
    "another phone": lambda talk: talk.move("+60120000009", "told"),
}


@pytest.mark.parametrize("sign", SIGNS_OF_LIFE)
def test_who_is_unreachable_is_back_with_any_sign_of_life(sign: str) -> None:
    """What was given up stays so."""
    talk = on_the_way()
    for _ in range(2):
        talk.unreachable("131026", None)
    assert [event.code for event in of_kind(talk, LeadUnreachable)] == ["131026"]
    assert {e.reason for e in talk.events if e.TOPIC == "enrollment.stopped"} == {"undeliverable"}
    assert talk.unsent == {}

    SIGNS_OF_LIFE[sign](talk)

    assert talk.lead.unreachable_at is None
    assert len(of_kind(talk, LeadReachable)) == (
        1 if sign in ("an edit", "a message that arrived") else 0
    )


def test_an_address_that_said_no_speaks_for_whoever_has_it() -> None:
    talk = on_the_way(suppressed={LID.key: suppressed(LID, NOW - DAY)})
    talk.learn([LID])
    (no,) = of_kind(talk, LeadOptedOut)
    assert (no.via, no.evidence, no.said_at) == ("suppression", "STOP", NOW - DAY)

    says(talk, "START")

    assert talk.lead.opted_out_at is None
    assert len(of_kind(talk, AddressReleased)) == 1
    # Released is released, also for the next one who has it in the same moment.
    other = on_the_way(suppressed=talk.suppressed)
    other.learn([LID])
    assert other.lead.opted_out_at is None


def test_what_an_address_said_before_the_person_opted_in_is_over() -> None:
    state = suppressed(LID, NOW - DAY)
    talk = on_the_way(person(opted_in_at=NOW - timedelta(hours=1)), suppressed={LID.key: state})

    talk.learn([LID])

    assert of_kind(talk, LeadOptedOut) == []
    assert len(of_kind(talk, AddressReleased)) == 1


def test_a_new_phone_may_have_said_no_and_the_old_one_is_nobodys() -> None:
    new = Address("phone", "+60120000009")
    old = Address("wa_id", PHONE[1:])
    talk = on_the_way(suppressed={new.key: suppressed(new, NOW - DAY)}, known=frozenset({old, LID}))

    talk.move(new.value, "told by the provider")

    assert talk.lead.phone == new.value
    assert talk.lead.opted_out_at is not None
    assert talk.known == {new, LID}


def test_a_consent_word_gives_the_consent_with_the_reply_as_evidence() -> None:
    """A double opt-in: the whole reply is the word, in any spelling; a machine gives none."""
    heard = HEARD._replace(consent_words={"ya setuju": "marketing"})
    last = LastMessage(UUID(int=9), NOW - timedelta(seconds=1), None)

    for text, around in (
        ("YA, setuju!", {}),
        ("ya setuju stop", {}),
        ("Ya setuju", {"last": last}),
    ):
        talk = on_the_way(**around)
        says(talk, text, heard=heard)
        given = [(e.words, e.reply_id) for e in of_kind(talk, LeadConsentGiven)]
        assert given == ([(text, UUID(int=5))] if text.startswith("YA") else [])

    talk = on_the_way()
    says(talk, "YA, setuju!", NOW - timedelta(seconds=7), heard=heard)
    (consent,) = of_kind(talk, LeadConsentGiven)
    assert (consent.purpose, consent.source) == ("marketing", "reply")
    assert consent.given_at == NOW - timedelta(seconds=7)
