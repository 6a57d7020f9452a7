"""The dispatch: the send check of claimed messages whose slot has come, and their hand-over.

``queued`` is committed before the gateway is called. Nothing here calls a gateway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain import content, content_check, message, pacing, rendering
from domain.content import Content
from domain.content_check import Problem
from domain.event import Event
from domain.message.events import MessageQueued
from domain.pacing import LastDispatch
from domain.send_check import Cancel, Release
from projections.config.settings import Settings
from projections.container import Container
from projections.database.quarantined import reason
from projections.eventstore.broken_streams import put_aside
from projections.queue import dispatch
from projections.readmodels import consents
from projections.records.quarantine import Kind
from runners.gateways.protocol import Outgoing
from runners.sending import terms
from runners.sending.follow_ups import FollowUps
from runners.sending.ignored import Ignored
from runners.sending.memory import Dispatched
from runners.sending.slots import Slot, send_moment
from runners.sending.terms import Sender, Terms
from runners.sending.timing import Timing


def patience(settings: Settings) -> timedelta:
    """How long after a dispatch the call of the gateway is surely over."""
    return pacing.patience(settings.gateway_timeout)


class DispatchResult(NamedTuple):
    """What becomes of dispatched messages once the transaction is committed.

    ``outgoing`` are to be sent at once, each by the gateway named beside it; ``queued`` are their
    events, and what they are for. ``postponed`` wait until the instant at which their device is
    free. ``ignored`` is to be reported.
    """

    outgoing: list[tuple[str, Outgoing]]
    postponed: list[tuple[Slot, datetime]]
    queued: list[Dispatched]
    ignored: list[Ignored]

    @classmethod
    def empty(cls) -> DispatchResult:
        """Nothing, which may grow."""
        return cls([], [], [], [])


class Dispatcher:
    """Decides upon claimed messages one after the other, in the order of their moments, within a
    transaction that holds their rows.

    A message is queued, cancelled, released, or postponed: its device still sends something else,
    or has done so within its pause, whichever worker did that. ``messages`` are all that it will be
    asked about. ``result`` grows with every decision. Whether the moment is right is asked of
    ``timing``, unless it was asked just now.
    """

    def __init__(
        self,
        connection: Connection,
        container: Container,
        messages: Sequence[tuple[Slot, dispatch.Candidate]],
        owners: Mapping[str, dispatch.Owner],
        actor: str,
        timing: Timing | None = None,
    ) -> None:
        self.timing = timing
        self.patience = patience(container.settings)
        self.owners = owners
        self.actor = actor
        pairs = {(slot.device_id, row.owner_id) for slot, row in messages}
        ids = {device_id for device_id, _ in pairs}
        devices = dispatch.devices(connection, ids) if ids else {}
        self.senders = {
            device_id: terms.sender(connection, container, device)
            for device_id, device in devices.items()
        }
        self._terms: dict[tuple[UUID, str, int], Terms] = {}
        paced = {d for d, id_ in pairs if terms.pause(self.senders[d], owners[id_]) > 0}
        self.last = dispatch.last_dispatches(connection, paced) if paced else {}
        self.agreed = _agreed(connection, messages, owners)
        self.now = container.outreach.clock()
        self.result = DispatchResult.empty()
        self.follow_ups = FollowUps(connection, container, owners, self.now, actor)
        self._faulty: list[tuple[Kind, UUID, str]] = []

    def decide(self, slot: Slot, row: dispatch.Candidate, version: int) -> Event | None:
        """What becomes of the claimed message at ``version``; None if it is postponed. One of which
        that cannot be said is released, and put aside by ``put_faulty_aside``."""
        state = message.InHand(slot.message_id, version, "processing", row.attempt)
        try:
            return self._decide(slot, row, state)
        except Exception as error:
            self._faulty.append(("message", state.id, reason(error)))
            return message.release(state, "put aside", now=self.now, actor=self.actor)

    def put_faulty_aside(self, connection: Connection) -> None:
        """Puts into quarantine what could not be decided upon, in the same transaction."""
        put_aside(connection, self._faulty, "broadcaster", self.now)

    def _decide(self, slot: Slot, row: dispatch.Candidate, state: message.InHand) -> Event | None:
        now = self.now
        common = self._common(slot, row)
        sender, owner = common.sender, common.owner
        verdict = terms.verdict(common, row, self.agreed, now) or terms.hindrance(slot, sender, now)
        if isinstance(verdict, Cancel):
            return message.cancel(state, verdict.reason, now=now, actor=self.actor)
        if isinstance(verdict, Release):
            return message.release(state, verdict.reason, now=now, actor=self.actor)
        later = None if self.timing is None else self.timing.later(row, now)
        if later is not None:
            self.follow_ups.rescheduled(row, later.at)
            return message.reschedule(state, later.at, later.reason, now=now, actor=self.actor)
        written = owner.content(row.step, row.lead_id)
        names = rendering.names_of(row.name, row.phone, row.attributes)
        rendered = content.render(written, names)
        # Before the pace: what is not sent takes no turn of the device.
        problem = content_check.problem(written, rendered, names, sender.gateway)
        if problem is not None:
            return self._give_up(state, problem, rendered, sender.gateway)
        epoch = self.last.get(slot.device_id, sender).epoch
        if common.pause > 0:
            last = self.last[slot.device_id]
            free_at = pacing.free_at(last, timedelta(seconds=common.pause), self.patience, now)
            if free_at > now:
                self.result.postponed.append((slot, free_at))
                return None
            if (ahead := last.ahead(now)) is not None:
                self.result.ignored.append(Ignored("dispatch", slot.device_id, ahead))
            epoch = last.next_epoch(now)
            self.last[slot.device_id] = LastDispatch(now, awaiting_answer=True, epoch=epoch)
        return self._queue(state, row, slot, sender, rendered, epoch)

    def _common(self, slot: Slot, row: dispatch.Candidate) -> Terms:
        key = slot.device_id, row.owner_id, row.step
        found = self._terms.get(key)
        if found is None:
            sender, owner = self.senders[slot.device_id], self.owners[row.owner_id]
            found = self._terms[key] = terms.of(sender, owner, row.step, self.now)
        return found

    def _give_up(
        self, state: message.InHand, problem: Problem, rendered: Content, gateway: str
    ) -> Event:
        """A text that is too long fails: once it is shorter, a person may have it sent again."""
        if problem != "text_too_long":
            return message.cancel(state, problem, now=self.now, actor=self.actor)
        longest = content_check.longest(gateway, with_media=rendered.media_url is not None)
        story = f"{len(rendered.body)} characters, {gateway} takes {longest}"
        return message.fail(state, problem, story, now=self.now, actor=self.actor)

    def _queue(
        self,
        state: message.InHand,
        row: dispatch.Candidate,
        slot: Slot,
        sender: Sender,
        rendered: Content,
        epoch: int,
    ) -> MessageQueued:
        key = None if row.digest_key is None else bytes(row.digest_key)
        queued = message.dispatch(
            state,
            rendered.content_id,
            row.lead_version,
            content.digest(rendered, key),
            epoch,
            keyed=key is not None,
            now=self.now,
            actor=self.actor,
        )
        outgoing = Outgoing(
            message_id=state.id,
            version=queued.originator_version,
            device_id=slot.device_id,
            phone=row.phone,
            wa_id=row.wa_id,
            gateway=sender.gateway,
            content=rendered,
            attempt=row.attempt + 1,
            settings=sender.settings,
            credentials=sender.credentials or {},
            call_before=self.now + pacing.GRACE,
        )
        self.result.outgoing.append((sender.gateway, outgoing))
        origin = message.Origin(row.lead_id, row.enrollment_id or row.owner_id, row.step)
        self.result.queued.append(Dispatched(queued, origin))
        if row.step:
            self.follow_ups.queued(row)
        return queued


def dispatch_due(
    connection: Connection, container: Container, due: Sequence[Slot], worker: str, actor: str
) -> DispatchResult:
    """Decides upon each of ``due`` that the worker still holds. Of the others the lease ended, or
    somebody cancelled them."""
    slots = sorted(due, key=_lock_order)
    rows = dispatch.messages(connection, (slot.message_id for slot in slots), worker)
    owners = dispatch.owners(connection, {row.owner_id for row in rows})
    messages = sorted(((slots[row.place - 1], row) for row in rows), key=_send_moment)
    now = container.outreach.clock()
    timing = Timing(container, now, claiming=False)
    timing.know(connection, rows, owners)
    dispatcher = Dispatcher(connection, container, messages, owners, actor, timing)
    events = [dispatcher.decide(slot, row, row.version) for slot, row in messages]
    dispatcher.put_faulty_aside(connection)
    container.outreach.record(connection, [event for event in events if event is not None])
    dispatcher.follow_ups.push(timing)
    return dispatcher.result


def _agreed(
    connection: Connection,
    messages: Sequence[tuple[Slot, dispatch.Candidate]],
    owners: Mapping[str, dispatch.Owner],
) -> set[tuple[str, str]]:
    """The leads with the purposes to which they agree, of those messages whose owner asks for a
    consent; where none does, nothing is read."""
    asking = {id_: owner.purpose for id_, owner in owners.items() if owner.purpose is not None}
    if not asking:
        return set()
    wanted = {(row.lead_id, asking[row.owner_id]) for _, row in messages if row.owner_id in asking}
    return consents.held(connection, wanted)


def _lock_order(slot: Slot) -> int:
    return slot.message_id.int


def _send_moment(message: tuple[Slot, dispatch.Candidate]) -> datetime:
    return send_moment(message[0])
