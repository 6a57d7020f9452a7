"""What can be tried on a device."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import get_args

import msgspec
from hypothesis import strategies as st

from domain import device, trials
from domain.device import GATEWAYS, Configuration, Device
from domain.errors import InvalidInputError
from domain.event import Event
from domain.gateway_settings import GATEWAYS as GATEWAY_OPTIONS
from domain.hosts import NONE
from domain.pacing import LastDispatch
from domain.trial_events import DeviceTestBegun
from domain.trials import DayUse, TestOutcome, TrialResult
from domain.warm_up import WarmUp
from tests.support.histories.stories import By, Command, Kind, only
from tests.support.histories.values import PACES, SETTINGS, WORDS, ZONES

# A name in which nothing is unseen.
LABELS = st.text(st.characters(categories=("Lu", "Ll", "Nd")), min_size=1, max_size=30)
_IN_SERVICE = ("online", "offline")
FEW, MANY = st.integers(1, 99), st.integers(99, 9999)


def _configuration(draw: st.DrawFn, gateway: device.Gateway) -> Configuration:
    return Configuration(
        name=draw(LABELS),
        gateway=gateway,
        settings=draw(SETTINGS[gateway]),
        daily_limit=draw(st.none() | st.integers(1, 1000)),
        timezone=draw(ZONES),
        warm_up=draw(st.none() | st.builds(WarmUp, least=FEW, most=MANY, days=FEW)),
        **draw(PACES),
    )


def _begin(draw: st.DrawFn, by: By) -> Event:
    configuration = _configuration(draw, draw(st.sampled_from(GATEWAYS)))
    credentials = _credentials(configuration.gateway)
    return device.register(draw(st.uuids()), configuration, credentials, allowed=NONE, **by)


def _credentials(gateway: device.Gateway) -> dict[str, str]:
    return dict.fromkeys(GATEWAY_OPTIONS[gateway].credentials, "a s3cret of sixteen or more")


def _reconfigure(draw: st.DrawFn, state: Device, by: By) -> Iterable[Event]:
    present = state.configuration
    same = draw(st.booleans())
    configuration = present if same else _configuration(draw, present.gateway)
    given = draw(st.sampled_from((None, _credentials(present.gateway))))
    stored = () if given is None else given.keys()
    return device.reconfigure(state, configuration, given, stored, allowed=NONE, **by)


def _change_gateway(draw: st.DrawFn, state: Device, by: By) -> Iterable[Event]:
    other = draw(st.sampled_from(GATEWAYS).filter(lambda g: g != state.configuration.gateway))
    configuration = msgspec.structs.replace(state.configuration, gateway=other)
    return device.reconfigure(state, configuration, None, (), allowed=NONE, **by)


def _connect(draw: st.DrawFn, state: Device, by: By) -> Iterable[Event]:
    return device.connect(state, **by)


def _disconnect(draw: st.DrawFn, state: Device, by: By) -> Iterable[Event]:
    return device.disconnect(state, draw(WORDS), **by)


def _retire(draw: st.DrawFn, state: Device, by: By) -> Iterable[Event]:
    move = draw(st.booleans())
    return device.retire(
        state, move_pending=move, move_to=draw(st.none() | st.uuids()) if move else None, **by
    )


def _begun(draw: st.DrawFn, state: Device, by: By) -> DeviceTestBegun:
    phone = f"+6012{draw(st.integers(0, 9_999_999)):07}"
    last = LastDispatch(None, epoch=draw(st.integers(0, 2)))
    campaign = draw(st.none() | st.uuids())
    use, patience = DayUse(draw(st.none() | st.just(5)), 4), timedelta(seconds=35)
    return trials.begin(state, draw(st.uuids()), phone, last, use, patience, campaign, **by)


def _test(draw: st.DrawFn, state: Device, by: By) -> Iterable[Event]:
    begun = _begun(draw, state, by)
    after = device.evolve(state, begun)
    result = TrialResult(draw(st.sampled_from(get_args(TestOutcome))), reason=draw(WORDS))
    return begun, trials.end(after, begun, result, **by)


def _learn_address(draw: st.DrawFn, state: Device, by: By) -> Iterable[Event]:
    known = state.address or ""
    return device.learn_address(state, draw(st.sampled_from((known, "")) | WORDS), **by)


DEVICE = Kind(
    "device",
    _begin,
    (
        *[Command("reconfigure", _reconfigure, only(*_IN_SERVICE))] * 2,
        Command("change the gateway", _change_gateway, only(*_IN_SERVICE, but=InvalidInputError)),
        *[Command("connect", _connect, only(*_IN_SERVICE))] * 3,
        *[Command("disconnect", _disconnect, only(*_IN_SERVICE))] * 3,
        Command("test", _test, only(*_IN_SERVICE)),
        *[Command("learn the address", _learn_address, only(*_IN_SERVICE))] * 2,
        Command("retire", _retire, only(*_IN_SERVICE)),
    ),
    device.evolve,
    device.fold,
)
