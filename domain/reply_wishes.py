"""What a reply asks for."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from domain import values
from domain.inbound import Reply
from domain.lead.consents import Agreed
from domain.opt_out_words import Intent, intent, normal_form

# Where a consent was given that a reply gives.
SOURCE = "reply"


class Heard(NamedTuple):
    """How a reply is to be heard: the words that mean stop, for how long after a message of ours a
    reply is automatic, and the purpose that each of the ``consent_words`` agrees to. All words are
    in normal form."""

    stop_words: Set[str]
    automatic_within: timedelta
    consent_words: Mapping[str, str] = MappingProxyType({})


def wished(item: Reply, heard: Heard) -> Intent | None:
    """What the words, or a signal beside them, ask for as a whole; a no among them is the wish."""
    wishes = {intent(words, heard.stop_words) for words in (item.text, *item.signals)}
    if "stop" in wishes:
        return "stop"
    return "start" if "start" in wishes else None


def agreed_to(item: Reply, at: datetime, heard: Heard) -> Agreed | None:
    """What the person agrees to by a reply that came ``at``: one whose words, or a signal beside
    them, are a consent word as a whole. A no among them is none."""
    if not heard.consent_words or wished(item, heard) == "stop":
        return None
    said = (item.text, *item.signals)
    purpose = next(
        filter(None, (heard.consent_words.get(normal_form(each)) for each in said)), None
    )
    if purpose is None:
        return None
    words = item.text if item.text.strip() else " ".join(item.signals)
    return Agreed(purpose=purpose, source=SOURCE, words=values.cleaned(words), given_at=at)


def evidence_of(item: Reply, wish: Intent, heard: Heard) -> str:
    """The person's words, with the signal that said so where that is another text."""
    said = (item.text, *item.signals)
    words = next(each for each in said if intent(each, heard.stop_words) == wish)
    if not item.text.strip():
        return values.cleaned(words)
    return values.cleaned(item.text if words == item.text else f"{item.text} [{words}]")
