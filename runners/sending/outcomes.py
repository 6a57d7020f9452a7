"""Records what became of gateway calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from eventsourcing.persistence import IntegrityError
from sqlalchemy import Connection

from domain import message, pacing, provider_codes
from domain.addresses import Address
from domain.event import Event
from domain.inbound import Answer, Inbound
from domain.message.events import MessageFailed
from domain.pacing import Uniform
from projections.container import Container
from projections.queue import lookup, lost
from projections.records import inbox
from runners.gateways.protocol import (
    Accepted,
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)
from runners.sending import brake
from runners.sending.memory import DispatchMemory
from runners.sending.recovery import note_outcome

# A message that was sent, and what came of it.
SendResult = tuple[Outgoing, Outcome]
# Gives the connection back, or raises where its transaction must not go on.
Require = Callable[[Connection], Connection]


class OutcomeRecorder:
    """Turns outcomes into events, which ``memory`` keeps; ``uniform`` is the randomness of
    back-off."""

    def __init__(
        self, container: Container, actor: str, uniform: Uniform, memory: DispatchMemory
    ) -> None:
        self.container = container
        self.actor = actor
        self.uniform = uniform
        self.memory = memory

    def record(self, results: Sequence[SendResult], require: Require) -> None:
        """Records all of them in one transaction, which ``require`` may refuse."""
        database = self.container.database
        try:
            events = database.run(
                "record", lambda connection: self._as_dispatched(require(connection), results)
            )
        except IntegrityError:  # somebody settled one of them first
            events = self.container.run_around(
                "record",
                "broadcaster",
                lambda connection: self._as_found(require(connection), results),
            )
        self.memory.settle(events)
        if any(isinstance(event, MessageFailed) for event in events):
            brake.apply(self.container, self.actor)

    def _as_dispatched(
        self, connection: Connection, results: Sequence[SendResult]
    ) -> Sequence[Event]:
        """Takes it that the messages are as they were when they were dispatched, as they nearly
        always are, and looks none of them up. In id order, in which everybody locks them."""
        now = self.container.outreach.clock()
        events = [
            self._event(_dispatched(outgoing), outcome, now)
            for outgoing, outcome in sorted(results, key=_lock_order)
        ]
        self._tell(connection, results, now)
        self.container.outreach.record(connection, events)
        return events

    def _tell(self, connection: Connection, results: Sequence[SendResult], now: datetime) -> None:
        """Keeps for the receiver what the answers say of the recipients themselves."""
        answers: dict[str, list[Inbound]] = {}
        for outgoing, outcome in results:
            match outcome:
                case Accepted(addresses=addresses) if addresses and _is_news(outgoing, addresses):
                    answer = Answer(outgoing.message_id, addresses)
                case Rejected(code) if provider_codes.meaning(outgoing.gateway, code):
                    answer = Answer(outgoing.message_id, code=code)
                case _:
                    continue
            answers.setdefault(outgoing.gateway, []).append(answer)
        for gateway, told in answers.items():
            inbox.put_items(connection, self.container.outreach.new_id(), gateway, told, now)

    def _as_found(self, connection: Connection, results: Sequence[SendResult]) -> Sequence[Event]:
        """Looks the messages up, and records the outcomes of those that still wait for one. The
        others were settled by a receipt or an operator, and may have been dispatched again. What
        came of a dispatch that the log has lost is kept beside it."""
        now = self.container.outreach.clock()
        by_id = {outgoing.message_id: (outgoing, outcome) for outgoing, outcome in results}
        lost_here = {id_: self.memory.lost[id_] for id_ in by_id if id_ in self.memory.lost}
        present = lost.present(connection, lost_here) if lost_here else {}
        ids = [present.get(id_, id_) for id_ in by_id]
        found = {state.id: state for state in lookup.locked(connection, ids)}
        events: list[Event] = []
        for message_id, (outgoing, outcome) in sorted(by_id.items()):
            is_lost = message_id in lost_here
            if is_lost and note_outcome(
                connection, self._event(_dispatched(outgoing), outcome, now)
            ):
                continue
            state = found.get(present.get(message_id, message_id))
            if state is None or (state.status == "unknown" and isinstance(outcome, Unknown)):
                continue  # nothing is known that was not
            if _awaits(state, outgoing) or (is_lost and state.status == "unknown"):
                events.append(self._event(state, outcome, now))
        self._tell(connection, results, now)
        self.container.outreach.record(connection, events)
        return events

    def _event(self, state: message.Known, outcome: Outcome, now: datetime) -> Event:
        actor = self.actor
        match outcome:
            case Accepted(provider_id):
                return message.confirm_sent(state, provider_id, now=now, actor=actor)
            case Rejected(code, reason):
                return message.fail(state, code, reason, now=now, actor=actor)
            case Throttled(retry_after):
                return self._defer(state, "throttled", retry_after, now)
            case Unreachable(reason):
                return self._defer(state, f"unreachable: {reason}", None, now)
            case Unknown(reason):
                return message.lose_track(state, reason, now=now, actor=actor)

    def _defer(
        self, state: message.Known, reason: str, retry_after: float | None, now: datetime
    ) -> Event:
        """The gateway surely did not accept it. What was given up as unknown meanwhile is resolved,
        and due at once."""
        if state.status == "unknown":
            reason = f"late answer: {reason}"
            return message.resolve(state, "retried", reason, now=now, actor=self.actor)
        seconds = max(retry_after or 0.0, pacing.back_off(max(1, state.attempt), self.uniform))
        return message.defer(
            state,
            now + timedelta(seconds=seconds),
            reason,
            self.container.settings.max_attempts,
            now=now,
            actor=self.actor,
        )


def _dispatched(outgoing: Outgoing) -> message.InHand:
    """The message as its dispatch left it."""
    return message.InHand(outgoing.message_id, outgoing.version, "queued", outgoing.attempt)


def _is_news(outgoing: Outgoing, addresses: Sequence[Address]) -> bool:
    """Whether there is more in the answer than the digits that it was sent to."""
    return any(address != Address("wa_id", outgoing.digits) for address in addresses)


def _awaits(state: message.Message, outgoing: Outgoing) -> bool:
    """Whether the message is as that dispatch left it, or was given up as unknown since."""
    if state.status == "unknown":
        return state.version == outgoing.version + 1
    return state.status == "queued" and state.version == outgoing.version


def _lock_order(result: SendResult) -> int:
    return result[0].message_id.int
