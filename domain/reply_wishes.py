"""What a reply asks for."""

from __future__ import annotations

from collections.abc import Set
from datetime import timedelta
from typing import NamedTuple

from domain import values
from domain.inbound import Reply
from domain.opt_out_words import Intent, intent


class Heard(NamedTuple):
    """How a reply is to be heard: the words that mean stop, and for how long after a message of
    ours a reply is automatic."""

    stop_words: Set[str]
    automatic_within: timedelta


def wished(item: Reply, heard: Heard) -> Intent | None:
    """What the words, or a signal beside them, ask for as a whole; a no among them is the wish."""
    wishes = {intent(words, heard.stop_words) for words in (item.text, *item.signals)}
    if "stop" in wishes:
        return "stop"
    return "start" if "start" in wishes else None


def evidence_of(item: Reply, wish: Intent, heard: Heard) -> str:
    """The person's words, with the signal that said so where that is another text."""
    said = (item.text, *item.signals)
    words = next(each for each in said if intent(each, heard.stop_words) == wish)
    if not item.text.strip():
        return values.cleaned(words)
    return values.cleaned(item.text if words == item.text else f"{item.text} [{words}]")
