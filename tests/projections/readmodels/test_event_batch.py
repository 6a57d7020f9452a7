"""Events as columns: what a statement reads is what the events say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DataError

from domain import values
from projections.container import Container
from projections.database.engine import rows
from projections.database.prepared import prepared
from projections.readmodels.event_batch import EventBatch

FIELDS = (
    "words text, note json, number int, wanted boolean, other uuid, day date, at timestamptz,"
    " tags texts, within.name text, within.list texts, within.more jsonb"
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = EventBatch(FIELDS)
STATEMENT = prepared(
    "SELECT originator_id, originator_version, timestamp, words, note::text AS note, number,"
    " wanted, other, day, at, tags, name, list, more::text AS more"
    f" FROM ({COLUMNS.relation}) e"
)

words = st.one_of(
    st.text(max_size=20).filter(values.storable),
    st.sampled_from(["", "NULL", "null", "{}", '"', "\\", "a,b", "'; --", "\n", "%s", "%(at)s"]),
)
instants = st.integers(0, 4 * 10**15).map(lambda n: EPOCH + timedelta(microseconds=n))
events = st.fixed_dictionaries(
    {
        "originator_id": st.uuids(),
        "originator_version": st.integers(1, 9),
        "timestamp": instants,
    },
    optional={
        "words": st.none() | words,
        "note": st.none() | st.lists(words) | st.dictionaries(words, st.integers()),
        "number": st.none() | st.integers(-9, 9),
        "wanted": st.none() | st.booleans(),
        "other": st.none() | st.uuids(),
        "day": st.none() | st.dates(date(1970, 1, 1), date(2100, 1, 1)),
        "at": st.none() | instants,
        "tags": st.none() | st.lists(words),
        "within": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "name": st.none() | words,
                "list": st.none() | st.lists(words),
                "more": st.none() | st.dictionaries(words, words),
                "else": words,
            },
        ),
        "more": words,
    },
)


def read(container: Container, given: list[dict[str, Any]]) -> list[Any]:
    states = [msgspec.json.encode(event) for event in given]
    with container.database.transaction() as connection:
        return rows(connection, STATEMENT, **COLUMNS.parameters(states))


def test_every_value_comes_through(container: Container) -> None:
    """Missing ones are null, as are JSON's; it makes no difference whether all are the same."""

    @settings(
        deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200
    )
    @given(
        found=st.one_of(
            st.lists(events, min_size=1, max_size=5),
            events.map(lambda event: [event, event, event]),
        )
    )
    def check(found: list[dict[str, Any]]) -> None:
        for row, event in zip(read(container, found), found, strict=True):
            said = row._asdict()
            within = event.get("within") or {}
            for name, of in (("note", event), ("more", within)):
                json = said.pop(name)
                assert (None if json is None else msgspec.json.decode(json)) == of.get(name)
            assert said.pop("tags") == (event.get("tags") or [])
            assert said.pop("list") == (within.get("list") or [])
            assert said.pop("name") == within.get("name")
            assert said == {name: event.get(name) for name in said}

    check()


@pytest.mark.parametrize(
    "changed",
    [{"originator_id": "a"}, {"originator_id": f"{uuid4()},{uuid4()}"}, {"other": 'a},{"'}],
)
def test_what_was_tampered_with_is_refused_and_never_two_events(
    container: Container, changed: dict[str, str]
) -> None:
    event = {"originator_id": uuid4(), "originator_version": 1, "timestamp": "2026-01-01T00:00:00Z"}
    with pytest.raises(DataError):
        read(container, [{**event, **changed}, event])


def test_an_event_of_another_kind_is_refused() -> None:
    with pytest.raises(msgspec.MsgspecError):
        COLUMNS.parameters([b'{"originator_version": "one"}'])
