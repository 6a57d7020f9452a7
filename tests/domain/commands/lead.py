"""What can be tried on a lead."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from domain import lead
from domain.event import Event
from domain.lead import Lead, Profile
from domain.tokens import TARGET_STATUSES
from tests.domain.stories import By, Command, Kind, always, never
from tests.domain.values import ATTRIBUTES, SOME_TOKENS, TEXTS, TOKENS, WORDS, ZONES


def _profile(draw: st.DrawFn) -> Profile:
    return lead.profile(
        name=draw(TEXTS),
        niche=draw(SOME_TOKENS),
        target_status=draw(st.sampled_from(TARGET_STATUSES)),
        device_id=draw(st.none() | st.uuids()),
        timezone=draw(st.none() | ZONES),
        attributes=draw(ATTRIBUTES),
    )


def _begin(draw: st.DrawFn, by: By) -> Event:
    phone = f"+6012{draw(st.integers(0, 9_999_999)):07}"
    return lead.register(draw(st.uuids()), phone, draw(SOME_TOKENS), _profile(draw), **by)


def _update(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.update(state, state.profile if draw(st.booleans()) else _profile(draw), **by)


def _add(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.add_trigger(state, draw(TOKENS), **by)


def _add_two_in_one(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.add_trigger(state, "COLD,WARM", **by)


def _consume(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    trigger = draw(st.sampled_from([*state.triggers, "COLD", "absent"]))
    ids = draw(st.lists(st.uuids(), min_size=1, max_size=2).map(tuple))
    return lead.consume_trigger(state, trigger, ids, **by)


def _opt_out(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.opt_out(state, draw(WORDS), **by)


def _opt_out_unproven(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.opt_out(state, " ", **by)


def _opt_in(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.opt_in(state, draw(WORDS), **by)


def _opt_in_unproven(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.opt_in(state, "", **by)


def _reply(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.reply(state, draw(TEXTS), draw(WORDS), draw(st.none() | st.uuids()), **by)


LEAD = Kind(
    "lead",
    _begin,
    (
        Command("update", _update, always),
        Command("add a trigger", _add, always),
        Command("add two triggers in one", _add_two_in_one, never),
        Command("consume a trigger", _consume, always),
        Command("opt out", _opt_out, always),
        Command("opt out without evidence", _opt_out_unproven, never),
        Command("opt in", _opt_in, always),
        Command("opt in without evidence", _opt_in_unproven, never),
        Command("reply", _reply, always),
    ),
    lead.evolve,
    lead.fold,
)
