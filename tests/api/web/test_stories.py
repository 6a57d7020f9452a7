"""Sentences of the API as people say them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from flask import Flask

from api.web import stories
from api.web.rendering import story
from domain import topics, waiting, waiting_words
from domain.waiting_words import Names
from projections.audit.descriptions import sentence

SAMPLES = Path(__file__).parents[2] / "domain" / "stored_events.jsonl"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
# What happens to people and messages, and to what writes to them: the timelines of pages.
TOLD = ("lead", "message", "enrollment", "campaign", "sequence")
# What a person in sales would have to ask somebody about.
TECHNICAL = re.compile(r"\b(version|lease|claimed|enrolled|lead|slot|content)\b|[0-9a-f]{8}-")


def _of_people() -> list[Any]:
    samples = map(json.loads, SAMPLES.read_text("utf-8").splitlines())
    return [
        msgspec.json.decode(json.dumps(each["state"]), type=topics.BY_TOPIC[each["topic"]])
        for each in samples
        if each["topic"].split(".")[0] in TOLD
    ]


@pytest.mark.parametrize("event", _of_people(), ids=lambda event: event.TOPIC)
def test_an_event_is_told_in_plain_words(app: Flask, event: Any) -> None:
    """Every one that a timeline may have."""
    with app.test_request_context():
        told = stories.told(sentence(event))
    assert told is not None, sentence(event)
    assert not TECHNICAL.search(re.sub("<[^>]*>", "", told)), told


@pytest.mark.parametrize("reason", waiting.REASONS)
def test_what_waits_is_told_in_plain_words(app: Flask, reason: waiting.Reason) -> None:
    """Of one message, and of many."""
    names = Names(owner="Spring", owner_status="paused", device="Sales 1", device_status="offline")
    with app.test_request_context():
        assert stories.waited(reason) != reason
    # Of some reasons a sentence may be about many owners or devices, which it does not name.
    may_be_many = reason in ("previous_step", "branch", "pace")
    nobody = [Names(), Names(decided_by=2), Names(step_before=(2, "queued"))] if may_be_many else []
    for until in (None, NOW + timedelta(hours=5)):
        wait = waiting.Wait(reason, until)
        for names_of in (names, *nobody):
            for said in (
                waiting_words.sentence(wait, names_of, UTC_ZONE, NOW),
                waiting_words.line(12, wait, names_of, UTC_ZONE, NOW, earliest=True),
            ):
                with app.test_request_context():
                    assert stories.told(said) is not None, said


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "claimed by w:1, slot at 2026-03-02T01:00:00+00:00, lease until x",
            "at 2 Mar 2026, 01:00",
        ),
        ("3 wait for campaign Spring: sale, paused", "the campaign Spring: sale: paused"),
        ("it waits for device Sales 1, offline since Mon 09:00 (UTC)", "offline since Mon 09:00"),
        (
            "step 2 is pending: it waits for the delay after the step before, until 12:00 (UTC)",
            "step 2 is pending; it waits for the delay after the step before",
        ),
        (
            "step 2 is cancelled: branch_not_taken; after step 1 branch 1 held: nothing follows",
            "step 2 is not for this person. After step 1 its branch 1 held: nothing follows",
        ),
        ("cancelled: opted_out", "was cancelled: opted out"),
        ("somebody's <b>words</b>", "somebody's <b>words</b>"),
    ],
)
def test_values_are_told_with_their_sentence(app: Flask, written: str, told: str) -> None:
    """Instants, states, names; and nothing of a sentence that nobody has words for is lost."""
    with app.test_request_context():
        shown = story(written).striptags()
    assert told in shown


def test_the_reader_gets_them_in_the_own_language(app: Flask) -> None:
    """Weekdays too."""
    with app.test_request_context(headers={"Accept-Language": "id"}):
        shown = story(
            "waits for device Sales 1, which is offline since Mon 09:00 (UTC)"
        ).striptags()
    assert shown == "perangkat Sales 1: offline sejak Sen 09:00 (UTC)"
