"""What can be tried on a lead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from hypothesis import strategies as st

from domain import lead
from domain.addresses import Address
from domain.content import Content
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event
from domain.lead import Agreed, Consent, Lead, Profile
from domain.values import TARGET_STATUSES
from tests.support.histories.stories import By, Command, Kind, Refusal, always, never
from tests.support.histories.values import (
    ATTRIBUTES,
    BODIES,
    MEDIA,
    PURPOSES,
    SOME_TOKENS,
    TEXTS,
    TOKENS,
    WORDS,
    ZONES,
)


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
    consent = draw(st.none() | st.just("rang, and wants to hear again"))
    return lead.register(draw(st.uuids()), phone, draw(SOME_TOKENS), _profile(draw), consent, **by)


def _update(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.update(state, state.profile if draw(st.booleans()) else _profile(draw), **by)


def _add(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.add_trigger(state, draw(TOKENS), **by)


def _add_two_in_one(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.add_trigger(state, "COLD,WARM", **by)


def _remove(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.remove_trigger(state, draw(st.sampled_from([*state.triggers, "absent"])), **by)


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
    facts = {"message_id": draw(st.none() | st.uuids()), "automatic": draw(st.booleans())}
    facts["device_id"] = draw(st.none() | st.uuids())
    return lead.reply(state, draw(TEXTS), draw(WORDS), **facts, **by)


def _edit(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.edit_reply(state, draw(TEXTS), draw(WORDS), draw(WORDS), **by)


def _learn(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    own = state.phone.removeprefix("+") or "60120000000"
    address = draw(
        st.sampled_from(
            [
                Address("wa_id", own),
                Address("wa_id", "558299440002"),
                Address("lid", "251556360000035@lid"),
                Address("user_id", "MY.1349120865530200005"),
            ]
        )
    )
    return lead.learn_address(state, address, **by)


def _move(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    phone = draw(st.sampled_from([state.phone or "+60", "+5582999440002", "+60123456701"]))
    return lead.change_phone(state, phone, draw(WORDS), **by)


def _by_hand(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.contact_by_hand(state, draw(st.uuids()), draw(WORDS), by["now"], **by)


def _compose(draw: st.DrawFn, state: Lead, by: By) -> Event:
    written = Content(body=draw(BODIES), media_url=draw(MEDIA))
    return lead.compose(state, written, draw(st.uuids()), draw(st.uuids()), **by)


def _compose_nothing(draw: st.DrawFn, state: Lead, by: By) -> Event:
    return lead.compose(state, Content(body=" "), draw(st.uuids()), draw(st.uuids()), **by)


def _lose(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.lose_contact(state, "131026", draw(st.none() | st.uuids()), **by)


def _find(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.find_again(state, draw(st.none() | st.uuids()), **by)


def _other(draw: st.DrawFn, by: By) -> Lead:
    state = lead.fold(None, [_begin(draw, by)])
    assert state is not None
    return state


def _absorb(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.absorb(state, _other(draw, by), **by)


def _join(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    # Seldom, because most commands are refused from then on.
    return lead.join(state, draw(st.uuids()), **by) if draw(st.integers(0, 9)) == 0 else ()


def _erase(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    # Seldom, or most stories would end at once.
    return lead.erase(state, (), (1,), **by) if draw(st.integers(0, 9)) == 0 else ()


def _agreed(draw: st.DrawFn, by: By, purpose: str) -> Agreed:
    ago = draw(st.none() | st.timedeltas(timedelta(0), timedelta(days=30)))
    at = None if ago is None else by["now"] - ago
    return Agreed(purpose=purpose, source=draw(WORDS), words=draw(WORDS), given_at=at)


def _agree(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    purpose = draw(st.sampled_from(PURPOSES))
    return lead.give_consent(state, _agreed(draw, by, purpose), **by)


def _agree_to_nothing(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.give_consent(state, _agreed(draw, by, "Marketing!"), **by)


def _withdraw(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    purpose = draw(st.sampled_from(PURPOSES))
    known = Consent(
        purpose=purpose,
        source="a form",
        words="yes",
        given_at=by["now"],
        version=state.version,
        recorded_at=by["now"],
        recorded_by="api:sales",
    )
    return lead.withdraw_consent(state, purpose, draw(WORDS), [known], **by)


def _inherit(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    theirs = [
        Consent(
            purpose=draw(st.sampled_from(PURPOSES)),
            source=draw(WORDS),
            words=draw(WORDS),
            given_at=by["now"],
            version=number,
            recorded_at=by["now"],
            recorded_by="api:sales",
            withdrawn_at=by["now"] if is_over else None,
            withdrawal="rang us" if is_over else None,
        )
        for number, is_over in enumerate(draw(st.lists(st.booleans(), max_size=2)), start=2)
    ]
    return lead.inherit_consents(state, (), theirs, draw(st.uuids()), **by)


def _withdraw_nothing(draw: st.DrawFn, state: Lead, by: By) -> Iterable[Event]:
    return lead.withdraw_consent(state, "marketing", draw(WORDS), (), **by)


def _unless_erased(but: Refusal = None) -> Callable[[Lead, datetime], Refusal]:
    """An erased lead takes no command; others refuse for ``but``."""

    def refusal(state: Lead, now: datetime) -> Refusal:
        return but if state.erased_at is None else WrongStateError

    return refusal


def _unless_past(but: Refusal = None) -> Callable[[Lead, datetime], Refusal]:
    """Nor does one that was merged take what only its own life concerns."""

    def refusal(state: Lead, now: datetime) -> Refusal:
        return but if state.erased_at is None and state.merged_into is None else WrongStateError

    return refusal


def _if_writable(but: Refusal = None) -> Callable[[Lead, datetime], Refusal]:
    """Nobody writes to who said no, or whom nothing reaches."""

    def refusal(state: Lead, now: datetime) -> Refusal:
        gone = state.erased_at or state.merged_into or state.opted_out_at or state.unreachable_at
        return but if gone is None else WrongStateError

    return refusal


LEAD = Kind(
    "lead",
    _begin,
    (
        Command("update", _update, _unless_past()),
        Command("add a trigger", _add, _unless_past()),
        Command("add two triggers in one", _add_two_in_one, never),
        Command("remove a trigger", _remove, _unless_past()),
        Command("consume a trigger", _consume, always),
        Command("opt out", _opt_out, _unless_erased()),
        Command("opt out without evidence", _opt_out_unproven, _unless_erased(InvalidInputError)),
        Command("opt in", _opt_in, _unless_erased()),
        Command("opt in without evidence", _opt_in_unproven, _unless_erased(InvalidInputError)),
        Command("reply", _reply, always),
        Command("edit a reply", _edit, always),
        Command("learn an address", _learn, always),
        Command("move to another phone", _move, _unless_past()),
        Command("write by hand", _by_hand, always),
        Command("write to the person", _compose, _if_writable()),
        Command("write nothing", _compose_nothing, _if_writable(InvalidInputError)),
        Command("agree", _agree, _unless_past()),
        Command("agree to what has no name", _agree_to_nothing, _unless_past(InvalidInputError)),
        Command("withdraw a consent", _withdraw, _unless_past()),
        Command("inherit consents", _inherit, _unless_past()),
        Command("withdraw no consent", _withdraw_nothing, lambda *_: WrongStateError),
        Command("lose contact", _lose, always),
        Command("find again", _find, always),
        Command("absorb another", _absorb, _unless_past()),
        Command("join another", _join, always),
        Command("erase", _erase, always),
    ),
    lead.evolve,
    lead.fold,
)
