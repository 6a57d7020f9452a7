"""Strategies for the values in commands: texts with every awkward character, tokens, instants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from domain.marks import composed
from domain.segments import Condition, Predicate
from domain.template import Header, Template
from domain.visible import visible
from domain.windows import WEEKDAYS, Window

ACTORS = st.sampled_from(
    ["api:sales", "api:büro 🌞", "cli:anna", "runner:broadcaster:host-1:4711", "webhook:gowa"]
)

# Everything that UTF-8 and PostgreSQL can store, and often what trips up quoting and templates.
_ANY = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
_AWKWARD = st.sampled_from(list("\"'\\,{}()[]%;:|$&<>\n\r\tabc é世🌞\u200d\u2028"))
TEXTS = st.text(_AWKWARD, max_size=12) | st.text(_ANY, max_size=12)
WORDS = TEXTS.filter(lambda text: bool(text.strip()))

# Bodies: a brace is part of a placeholder, or marked as a brace.
BODIES = WORDS.map(lambda text: text.replace("{", "\\{").replace("}", "\\}")) | st.sampled_from(
    ["{name}", "Hi {Name|there}", "{order_number|\\{none\\}} {_x|a:b}"]
)

# A few that often meet, in different capitals, and some that are nearly the same.
_SEEN = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters=",;|"), max_size=8)
TOKENS = st.sampled_from(
    ["COLD", "cold", "COLDVITAC", "B1", "B12", "vip", "é", "É", " a b "]
) | _SEEN.filter(lambda token: bool(token) and visible(composed(token)) == composed(token))
SOME_TOKENS = st.lists(TOKENS, max_size=3).map(tuple)

VERSIONS = st.integers(1, 99)
SECONDS = st.integers(0, 400).map(lambda quarters: quarters / 4)
PACES = st.tuples(SECONDS, SECONDS).map(
    lambda pair: {"min_delay_seconds": min(pair), "max_delay_seconds": max(pair)}
)
ZONES = st.sampled_from(["UTC", "Asia/Kuala_Lumpur", "America/New_York"])
MEDIA = st.none() | st.sampled_from(["https://example.com/a.png?b={c}&d='e'", "http://é.example/1"])
TEMPLATES = st.none() | st.sampled_from(
    [
        Template("offer", "en_US", ("{name|there}", "20 %")),
        Template(
            "offer",
            "ms",
            {"day": "{city|today}", "customer": "{Name}"},
            Header("text", ("{name}",)),
            {"1": "b", "0": "{_x}"},
        ),
        Template("picture", "en", header=Header("image", url="https://example.com/a.png")),
    ]
)
# What a segment is at one moment and another.
SEGMENTS = st.sampled_from(
    [
        Predicate(name="Ipoh", all=(Condition("attribute.city", "in", ("Ipoh", "Taiping")),)),
        Predicate(name="New", any=(Condition("never_sent", "eq", True),)),
    ]
)
SEGMENT_IDS = st.none() | st.uuids()
PURPOSES = ("marketing", "service-news")
REQUIRED_CONSENTS = st.none() | st.sampled_from(PURPOSES)
POOLS = st.lists(st.uuids(), max_size=2, unique=True).map(tuple)
HASHES = st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}")
TIMES_OF_DAY = st.none() | st.sampled_from(["00:00", "09:30", "23:59"])
WINDOWS = st.lists(
    st.builds(
        Window,
        weekdays=st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3).map(tuple),
        start=st.sampled_from(["00:00", "09:00"]),
        end=st.sampled_from(["17:30", "24:00"]),
    ),
    max_size=2,
).map(tuple)
_URLS = st.sampled_from(("https://a.example.com", "https://b.example.com/x", "http://127.0.0.1:1"))
_IDS = st.sampled_from(("106540352242922", 7))
_CALLED = st.fixed_dictionaries({"base_url": _URLS}, optional={"allow_http": st.booleans()})
SETTINGS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "sandbox": st.fixed_dictionaries(
        {},
        optional={
            "seed": st.integers(-(10**9), 10**9),
            "fail_rate": st.floats(0, 1),
            "receipts": st.booleans(),
        },
    ),
    "gowa": st.fixed_dictionaries({"base_url": _URLS}, optional={"device_id": st.just("s1")}),
    "cloud": st.fixed_dictionaries({"phone_number_id": _IDS}, optional={"base_url": _URLS}),
    "wablas": _CALLED,
    "whacenter": _CALLED,
}
ATTRIBUTES = st.dictionaries(st.sampled_from(["order_number", "city", "_x"]), TEXTS, max_size=2)
EXCLUDED = st.dictionaries(
    st.sampled_from(["opted_out", "no_device", "device_retired"]), st.integers(1, 9), max_size=2
)

STARTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 10, 1), timezones=st.just(UTC))  # noqa: DTZ001
# Long stories span weeks; some commands come in the very same microsecond.
PAUSES = st.just(timedelta(0)) | st.timedeltas(timedelta(0), timedelta(days=2))
SOON = st.timedeltas(timedelta(microseconds=1), timedelta(days=1))
