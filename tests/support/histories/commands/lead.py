"""What can be tried on a lead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from hypothesis import strategies as st

from domain import lead
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event
from domain.lead import Lead, Profile
from domain.values import TARGET_STATUSES
from tests.support.histories.stories import By, Command, Kind, Refusal, always, never
from tests.support.histories.values import ATTRIBUTES, SOME_TOKENS, TEXTS, TOKENS, WORDS, ZONES


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


def _erase(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    # Seldom, or most stories would end at once.
    return lead.erase(state, **by) if draw(st.integers(0, 9)) == 0 else ()


def _unless_erased(but: Refusal = None) -> Callable[[Lead, datetime], Refusal]:
    """An erased lead takes no command; others refuse for ``but``."""

    def refusal(state: Lead, now: datetime) -> Refusal:
        return but if state.erased_at is None else WrongStateError

    return refusal


LEAD = Kind(
    "lead",
    _begin,
    (
        Command("update", _update, _unless_erased()),
        Command("add a trigger", _add, _unless_erased()),
        Command("add two triggers in one", _add_two_in_one, never),
        Command("consume a trigger", _consume, always),
        Command("opt out", _opt_out, _unless_erased()),
        Command("opt out without evidence", _opt_out_unproven, _unless_erased(InvalidInputError)),
        Command("opt in", _opt_in, _unless_erased()),
        Command("opt in without evidence", _opt_in_unproven, _unless_erased(InvalidInputError)),
        Command("reply", _reply, always),
        Command("erase", _erase, always),
    ),
    lead.evolve,
    lead.fold,
)
