"""Sending one test through a device, for callers without an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from domain import pacing
from domain.trials import Trial, TrialResult
from projections.config.settings import Settings
from projections.container import utc_now
from runners.gateways.protocol import (
    Accepted,
    Gateway,
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)
from runners.gateways.registry import make_gateways


def sender(settings: Settings) -> Callable[[Trial], TrialResult]:
    """A function that sends one test, and gives what the gateway answered. Whatever the provider
    does raises nothing."""

    def send(trial: Trial) -> TrialResult:
        return result(asyncio.run(_send(make_gateways(settings), settings, trial)))

    return send


def result(outcome: Outcome) -> TrialResult:
    """The outcome of a call, in the words of the domain."""
    match outcome:
        case Accepted(provider_id):
            return TrialResult("accepted", provider_id=provider_id)
        case Rejected(code, reason):
            return TrialResult("rejected", code=code, reason=reason)
        case Throttled(retry_after):
            again = None if retry_after is None else f"again in {retry_after:g} seconds"
            return TrialResult("throttled", reason=again, retry_after=retry_after)
        case Unreachable(reason):
            return TrialResult("unreachable", reason=reason)
        case Unknown(reason):
            return TrialResult("unknown", reason=reason)


async def _send(gateways: dict[str, Gateway], settings: Settings, trial: Trial) -> Outcome:
    limit = settings.gateway_timeout
    outgoing = Outgoing(
        message_id=trial.test_id,
        device_id=trial.device_id,
        phone=trial.phone,
        wa_id=trial.wa_id,
        gateway=trial.gateway,
        content=trial.content,
        attempt=1,
        settings=trial.settings,
        credentials=trial.credentials,
        call_before=utc_now() + pacing.GRACE,
    )
    outcome: Outcome = Unknown(f"no answer within {limit:g} seconds")
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                outcome = await gateways[trial.gateway].send(outgoing)
    except Exception as error:  # a gateway's own fault says nothing about the message
        outcome = Unknown(f"the gateway failed: {type(error).__name__}")
    finally:
        await gateways[trial.gateway].close()
    return outcome
