"""A day in the life of an installation: who says what, what each person gets, and the sums.

In the morning strangers write. Step 1 is written at eight, step 2 at noon, and at four there are
news for everybody. At ten, people do their deeds, which have two parts; between them operators act.
Whatever plays the day, in one process or in many, delivers what ``strangers``, ``morning_of``,
``first_part``, ``second_part`` and ``receipts`` give. Every payload tells of one thing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tests.support.people import Person
from tests.support.speech import Cloud, Gowa, Payload, Sender

SPEAKERS: dict[str, Any] = {"cloud": Cloud(), "gowa": Gowa()}
# What is written to people: the steps of the sequence, and the campaign.
ONE, TWO, NEWS = "Hi {name}, one", "Hi {name}, two", "Hi {name}, news"

ALL, NO_STEP_2, STEP_1 = ("one", "two", "news"), ("one", "news"), ("one",)


class Deed(NamedTuple):
    """``gets`` is what is written to a person who does it, and ``out`` whether she is opted out at
    the end of the day."""

    gets: tuple[str, ...]
    out: bool = False


DEEDS = {
    "says nothing": Deed(ALL),
    "reads it": Deed(ALL),
    "answers": Deed(NO_STEP_2),
    "sends a picture or a voice message": Deed(NO_STEP_2),
    "says no with a button": Deed(STEP_1, out=True),
    "says no in her language": Deed(STEP_1, out=True),
    "says no, and it is told three times": Deed(STEP_1, out=True),
    "says no under another address of hers": Deed(STEP_1, out=True),
    "says no quoting us, under an unknown address": Deed(STEP_1, out=True),
    "edits what she wrote into a no": Deed(STEP_1, out=True),
    "edits a question": Deed(NO_STEP_2),
    "deletes a message": Deed(ALL),
    "puts a thumb under it": Deed(ALL),
    "says STOP in a group": Deed(ALL),
    "says STOP to a number that is not ours": Deed(ALL),
    "has a machine that answers": Deed(ALL),
    "has a machine that says no": Deed(STEP_1, out=True),
    "has an old answer that comes late": Deed(ALL),
    "is written to by hand": Deed(NO_STEP_2),
    "our own message is echoed": Deed(ALL),
    "has a new number": Deed(ALL),
    # Only the Cloud API says so; GOWA tells nothing, and she gets everything.
    "is gone": Deed(STEP_1),
    "says no, and yes again": Deed(NO_STEP_2),
    "says no, is opted in, says no again": Deed(STEP_1, out=True),
    "says no before we know her": Deed((), out=True),
}
STRANGER = "says no before we know her"
# So many more write to each of our two numbers, who never become leads; every second says no.
STRANGERS = 10

LANGUAGES = (
    *("BERHENTI!", "Batal \N{PERSON WITH FOLDED HANDS}", "Opt-out", "SAIR.", "\u00a1BAJA!"),
    *("\u00abAlto\u00bb", "\u092c\u0902\u0926\u0964", "\uff33\uff34\uff2f\uff30"),
)

# How all that is told in a day must be counted, by the classes of ``classes``.
ATTRIBUTED, UNATTRIBUTED, IGNORED, REPEATED, RECEIPTS = 159, 28, 40, 16, 424
# What is written in a day, and how many of the 200 are opted out at its end, or unreachable.
WRITTEN = {"one": 192, "two": 84, "news": 124}
OUT, UNREACHABLE = 72, 4


class Facts(NamedTuple):
    """``now`` is when a webhook comes; ``provider_id`` is what the provider calls step 1, and
    ``sent_at`` when it was sent, both None of whom nothing was sent to."""

    now: datetime
    provider_id: str | None = None
    sent_at: datetime | None = None


def gets(person: Person) -> tuple[str, ...]:
    """The last words of all that is written to her, in its order."""
    if person.deed == "is gone" and person.gateway == "gowa":
        return ALL
    return DEEDS[person.deed].gets


def known_of(person: Person) -> dict[str, str]:
    """What the Cloud API tells of her in its answer when it is asked to write to her; to whom it
    does not tell her user id then, it does so in a receipt."""
    told = {"wa_id": person.wa_id}
    if person.deed == "says no under another address of hers" and person.number % 4 < 2:
        told["user_id"] = person.other
    return told


def strangers(now: datetime) -> Iterator[tuple[str, Payload]]:
    """What people write who are no leads and never will be: the gateway, and what it tells."""
    for gateway, speaker in SPEAKERS.items():
        for number in range(STRANGERS):
            words = "STOP" if number % 2 else f"Who gave you my number? {number}"
            other = {"cloud": f"MY.99912086553{number:07d}", "gowa": f"99955636{number:07d}@lid"}
            who = Sender(None, other[gateway])
            yield gateway, speaker.text(who, words, f"{gateway}-stranger-{number}", now)


def first_part(person: Person, facts: Facts) -> list[Payload]:
    """What is told of her at first, in its order."""
    tells, who, now = SPEAKERS[person.gateway], person.sender, facts.now
    said, step = f"said-{person.number}-1", facts.provider_id
    unknown = Sender(None, person.other)
    match person.deed:
        case "answers":
            return [tells.text(who, "How much is it?", said, now)]
        case "sends a picture or a voice message":
            return [tells.media(who, said, now)]
        case "says no with a button":
            return _button(person, facts, said)
        case "says no in her language":
            words = LANGUAGES[person.number % len(LANGUAGES)]
            return [tells.text(who, words, said, now)]
        case "says no, and it is told three times":
            return [tells.text(who, "stop", said, now)] * 3
        case "says no under another address of hers" if person.gateway == "gowa":
            return [tells.text(Sender(person.wa_id, person.other), "Hello?", said, now)]
        case "says no quoting us, under an unknown address":
            return [tells.text(unknown, "Stop.", said, now, quoted=step)]
        case "edits what she wrote into a no" | "edits a question":
            return [tells.text(who, "Stio", said, now)]
        case "deletes a message":
            return [tells.deletion(who, f"said-{person.number}-0", said, now)]
        case "puts a thumb under it":
            return [tells.thumb(who, step, said, now)]
        case "says STOP in a group":
            return [tells.in_group(who, "STOP", said, now)]
        case "says STOP to a number that is not ours":
            return [tells.elsewhere(who, "STOP", said, now)]
        case "has a machine that answers":
            return [tells.text(who, "We are away until Monday.", said, _at_once(facts))]
        case "has a machine that says no":
            return [tells.text(who, "Unsubscribe", said, _at_once(facts))]
        case "has an old answer that comes late":
            return [tells.text(who, "ok thanks", said, now - timedelta(days=3))]
        case "is written to by hand":
            return [tells.by_us(person.wa_id, "Sara here, I take over", said, now)]
        case "our own message is echoed":
            return [tells.by_us(person.wa_id, ONE.replace("{name}", person.name), step, now)]
        case "has a new number" if person.gateway == "cloud":
            return [tells.new_number(who, person.moved_to, said, now)]
        case "says no, and yes again" | "says no, is opted in, says no again":
            return [tells.text(who, "STOP", said, now)]
    return []


def morning_of(person: Person, now: datetime) -> Payload:
    """What a person says of whom we know nothing yet."""
    return SPEAKERS[person.gateway].text(person.sender, "STOP", f"said-{person.number}-1", now)


def operator(person: Person) -> tuple[str, str, dict[str, str]] | None:
    """What an operator does then: method, path below the lead's, and body."""
    if person.deed == "says no, is opted in, says no again":
        return "POST", "/opt-in", {"evidence": "she called"}
    if person.deed == "has a new number" and person.gateway == "gowa":
        return "PATCH", "", {"phone": f"+{person.moved_to}"}
    return None


def second_part(person: Person, facts: Facts) -> list[Payload]:
    """What is told of her then, in its order."""
    tells, who, now = SPEAKERS[person.gateway], person.sender, facts.now
    first, said = f"said-{person.number}-1", f"said-{person.number}-2"
    match person.deed:
        case "says no under another address of hers":
            return [tells.text(Sender(None, person.other), "STOP", said, now)]
        case "edits what she wrote into a no":
            return [tells.edit(who, "STOP", first, said, now)]
        case "edits a question":
            return [tells.edit(who, "What does it cost?", first, said, now)]
        case "says no, and yes again":
            return [tells.text(who, "START", said, now)]
        case "says no, is opted in, says no again":
            return [tells.text(who, "STOP", said, now)]
    return []


def receipts(person: Person, provider_id: str, now: datetime) -> list[Payload]:
    """What the provider tells of a message that it took for her."""
    tells, who = SPEAKERS[person.gateway], person.sender
    if person.gateway == "cloud" and person.deed == "is gone":
        return [tells.receipt(who, "failed", provider_id, now, code=131026)]
    if person.deed == "says no with a button" and _way(person) == "switched off":
        return [tells.receipt(who, "failed", provider_id, now, code=131050)]
    if person.deed == "says no under another address of hers" and person.gateway == "cloud":
        who = Sender(person.wa_id, person.other) if person.number % 4 >= 2 else who
    delivered = tells.receipt(who, "delivered", provider_id, now)
    if person.deed == "reads it":
        return [tells.receipt(who, "read", provider_id, now), delivered]
    return [delivered]


def _way(person: Person) -> str:
    """How she says no on the Cloud API; on GOWA there are no buttons."""
    if person.gateway == "gowa":
        return "text"
    return ("button", "row", "switch", "switched off")[person.number // 2 % 4]


def _button(person: Person, facts: Facts, said: str) -> list[Payload]:
    tells, who, now = SPEAKERS[person.gateway], person.sender, facts.now
    match _way(person):
        case "button":
            return [tells.button(who, "Stop promotions", said, now)]
        case "row":
            return [tells.row(who, "Unsubscribe", said, now)]
        case "switch":
            return [tells.no_marketing(who, said, now)]
        case "switched off":
            # The platform says so when we write to her.
            return []
    return [tells.text(who, "STOP \N{PERSON WITH FOLDED HANDS}", said, now)]


def _at_once(facts: Facts) -> datetime:
    """A second after step 1 was sent."""
    assert facts.sent_at is not None
    return facts.sent_at + timedelta(seconds=1)


def classes(metrics: str) -> Counter[str]:
    """What ``GET /metrics`` counts of what came in: ``attributed``, ``unattributed``, ``ignored``
    (for any reason), ``repeated``, ``receipt`` and whatever else there may be."""
    found: Counter[str] = Counter()
    for labels, value in re.findall(
        r"^sendtrail_inbound_total\{([^}]*)\} (\S+)$", metrics, re.MULTILINE
    ):
        outcome = dict(re.findall(r'(\w+)="([^"]*)"', labels))["outcome"]
        found["ignored" if outcome.startswith("ignored") else outcome] += int(float(value))
    return found
