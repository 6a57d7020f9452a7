"""The commands on many leads or messages at once: one wish, decided for each by itself.

A call is one chunk and one transaction. What cannot be done for one is refused for that one alone.
To repeat a command changes nothing more: whatever is already as it was wished stays unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal, NamedTuple, get_args
from uuid import UUID

import msgspec
from eventsourcing.persistence import RecordConflictError

from domain import campaign, lead, message
from domain.application.base import ATTEMPTS, CAMPAIGN, MAKES_DUE
from domain.application.leads import LeadCommands
from domain.application.messages import MessageCommands
from domain.conversation import Conversation
from domain.errors import ConflictError, InvalidInputError, NotFoundError, WrongStateError
from domain.event import Event
from domain.lead.decisions import MOST_ATTRIBUTES
from domain.message import Message
from domain.message.events import Resolution
from domain.surroundings import Surroundings

LeadVerb = Literal["add_trigger", "remove_trigger", "set", "opt_out", "erase"]
MessageVerb = Literal["retry", "cancel", "resolve"]
LEAD_VERBS: tuple[LeadVerb, ...] = get_args(LeadVerb)
MESSAGE_VERBS: tuple[MessageVerb, ...] = get_args(MessageVerb)


class LeadWish(msgspec.Struct, frozen=True, kw_only=True):
    """What is wished of leads: to ``do``, with that ``trigger``, or that ``evidence`` of an
    opt-out, or to have the fields of a profile in ``changes``. Attributes are added to those that
    a lead has."""

    do: LeadVerb
    trigger: str = ""
    evidence: str = ""
    changes: Mapping[str, Any] = {}


class MessageWish(msgspec.Struct, frozen=True, kw_only=True):
    """What is wished of messages: to ``do``, and what became of unknown ones, for which reason."""

    do: MessageVerb
    resolution: Resolution = "sent"
    reason: str = ""


class Refused(NamedTuple):
    """What was not done for that ``id``, and why."""

    id: UUID
    reason: str


class Done(msgspec.Struct):
    """How many of a chunk were changed, how many were so already, and which were refused."""

    changed: int = 0
    unchanged: int = 0
    refused: list[Refused] = []


class _Chunk:
    """What is decided of a chunk: ``done``, and the ``events`` in their order."""

    def __init__(self) -> None:
        self.done = Done()
        self.events: list[Event] = []

    def decide(self, id_: UUID, decision: Callable[[], Iterable[Event]]) -> None:
        """Do for ``id_`` what the decision says. One that adds its events itself gives none."""
        before = len(self.events)
        try:
            self.events.extend(decision())
        except (WrongStateError, InvalidInputError) as error:
            self.done.refused.append(Refused(id_, str(error)))
            return
        if len(self.events) > before:
            self.done.changed += 1
        else:
            self.done.unchanged += 1


class BulkCommands(LeadCommands, MessageCommands):
    """Change many."""

    def change_leads(
        self, ids: Sequence[UUID], wish: LeadWish, *, dry_run: bool = False, actor: str
    ) -> Done:
        """Change the leads of these ids, which differ; an erasure has a transaction for each.

        With a ``dry_run`` everything is decided and nothing is written. Raises InvalidInputError
        for a wish that no lead could have, and ConflictError after ``ATTEMPTS`` lost races.
        """
        if wish.do == "erase":
            return self._erase_each(ids, dry_run=dry_run, actor=actor)
        wanted = lead.profile(**wish.changes)

        def decide(connection: Any, chunk: _Chunk, now: datetime) -> None:
            by: dict[str, Any] = {"now": now, "actor": actor}
            states = self.queries.lead_states(connection, ids)
            self._refuse_leads(connection, [id_ for id_ in ids if id_ not in states], chunk)
            match wish.do:
                case "opt_out":
                    self._opt_out_each(connection, states, wish.evidence, chunk, by)
                case "set":
                    self._set_each(connection, states, wish.changes, wanted, chunk, by)
                case _:
                    verb = lead.add_trigger if wish.do == "add_trigger" else lead.remove_trigger
                    for id_, state in states.items():
                        chunk.decide(id_, partial(verb, state, wish.trigger, **by))

        return self._chunk(decide, dry_run=dry_run)

    def change_messages(
        self, ids: Sequence[UUID], wish: MessageWish, *, dry_run: bool = False, actor: str
    ) -> Done:
        """Change the messages of these ids, which differ; as ``change_leads`` does."""
        again = wish.do == "retry" or (wish.do == "resolve" and wish.resolution == "retried")

        def decide(connection: Any, chunk: _Chunk, now: datetime) -> None:
            by: dict[str, Any] = {"now": now, "actor": actor}
            states = self.queries.messages(connection, ids)
            for id_ in ids:
                if id_ not in states:
                    reason = "no message has this id, or it is in quarantine"
                    chunk.done.refused.append(Refused(id_, reason))
            owners: set[UUID] = set()
            for id_, state in states.items():
                if state.status in _as_wished(wish):
                    chunk.done.unchanged += 1
                    continue
                changed = chunk.done.changed
                chunk.decide(id_, partial(_changed, state, wish, by))
                if again and chunk.done.changed > changed and state.campaign_id is not None:
                    owners.add(state.campaign_id)
            # A campaign goes on before its messages do.
            opened = [
                event
                for id_ in sorted(owners)
                for event in campaign.reopen(self._load(CAMPAIGN, id_), **by)
            ]
            chunk.events[:0] = opened

        return self._chunk(decide, dry_run=dry_run)

    def _chunk(self, decide: Callable[[Any, _Chunk, datetime], None], *, dry_run: bool) -> Done:
        """What ``decide`` does, in a transaction of its own."""
        for _ in range(ATTEMPTS):
            chunk = _Chunk()
            try:
                with self.queries.transaction(apart=True) as connection:
                    decide(connection, chunk, self.clock())
                    if chunk.events and not dry_run:
                        self.record(connection, chunk.events)
                        if any(isinstance(event, MAKES_DUE) for event in chunk.events):
                            self.queries.wake_broadcasters(connection)
                return chunk.done
            except RecordConflictError as conflict:
                self.queries.put_aside_broken(conflict, self.clock())
        raise ConflictError("some of these are changed by others again and again; try later")

    def _refuse_leads(self, connection: Any, missing: Sequence[UUID], chunk: _Chunk) -> None:
        there = self.queries.taken(connection, missing)
        for id_ in missing:
            reason = "this lead is in quarantine" if id_ in there else f"no lead {id_}"
            chunk.done.refused.append(Refused(id_, reason))

    def _opt_out_each(
        self,
        connection: Any,
        states: Mapping[UUID, lead.Lead],
        evidence: str,
        chunk: _Chunk,
        by: dict[str, Any],
    ) -> None:
        around = self.queries.surroundings(connection, [*states])
        for id_, state in states.items():
            person = Conversation(state, around[id_], events=chunk.events, **by)

            def say(person: Conversation = person) -> Sequence[Event]:
                _require_own(person.lead, "opt out")
                person.opt_out(evidence)
                return ()

            chunk.decide(id_, say)

    def _set_each(
        self,
        connection: Any,
        states: Mapping[UUID, lead.Lead],
        changes: Mapping[str, Any],
        wanted: lead.Profile,
        chunk: _Chunk,
        by: dict[str, Any],
    ) -> None:
        new = {name: getattr(wanted, name) for name in changes}
        elsewhere = {
            id_
            for id_, state in states.items()
            if any(
                name in new and new[name] != getattr(state.profile, name)
                for name in ("device_id", "timezone")
            )
        }
        around = self.queries.surroundings(connection, sorted(elsewhere))
        moving: list[Conversation] = []
        for id_, state in states.items():

            def change(state: lead.Lead = state) -> Sequence[Event]:
                profile = _with(state.profile, new)
                if state.id not in elsewhere:
                    return lead.update(state, profile, **by)
                person = Conversation(
                    state, around.get(state.id, Surroundings()), events=chunk.events, **by
                )
                person.update(profile, ())
                if profile.device_id != state.profile.device_id:
                    moving.append(person)
                return ()

            chunk.decide(id_, change)
        if moving:
            self.write_from_new_devices(connection, moving)

    def _erase_each(self, ids: Sequence[UUID], *, dry_run: bool, actor: str) -> Done:
        """Each in a transaction of its own: an erasure keeps all who register waiting."""
        done = Done()
        for id_ in ids:
            try:
                erased = self._erase_apart(id_, dry_run=dry_run, actor=actor)
            except (NotFoundError, WrongStateError) as error:
                done.refused.append(Refused(id_, str(error)))
                continue
            done.changed += erased
            done.unchanged += not erased
        return done

    def _erase_apart(self, lead_id: UUID, *, dry_run: bool, actor: str) -> bool:
        """Whether there was anything to forget."""
        for _ in range(ATTEMPTS):
            try:
                with self.queries.transaction(apart=True) as connection:
                    # In the order of ``_erase``.
                    self.queries.lock_addresses(connection, alone=True)
                    state = self.queries.lead_to_erase(connection, lead_id)
                    if state is None:
                        raise NotFoundError("lead", lead_id)
                    if state.erased_at is not None:
                        return False
                    _require_own(state, "erase")
                    if not dry_run:
                        self._erase(connection, lead_id, actor)
                    return True
            except RecordConflictError as conflict:
                self.queries.put_aside_broken(conflict, self.clock())
        raise ConflictError("this lead is changed by others again and again; try later")


def _require_own(state: lead.Lead, wanted: str) -> None:
    """As the commands on one lead do."""
    if state.merged_into is not None:
        raise WrongStateError("lead", f"merged into {state.merged_into}", wanted)


def _with(profile: lead.Profile, new: Mapping[str, Any]) -> lead.Profile:
    """The profile with the ``new`` values of its fields, which are checked."""
    if "attributes" in new:
        attributes = {**profile.attributes, **new["attributes"]}
        if len(attributes) > MOST_ATTRIBUTES:
            raise InvalidInputError("attributes", f"at most {MOST_ATTRIBUTES}")
        new = {**new, "attributes": attributes}
    return msgspec.structs.replace(profile, **new)


def _as_wished(wish: MessageWish) -> Sequence[message.Status]:
    """The statuses in which a message already is what is wished."""
    if wish.do == "cancel":
        return ("cancelled",)
    if wish.do == "retry" or wish.resolution == "retried":
        return ("pending", "processing", "queued")
    return (wish.resolution,)


def _changed(state: Message, wish: MessageWish, by: dict[str, Any]) -> Sequence[Event]:
    match wish.do:
        case "cancel":
            return (message.cancel(state, "operator", **by),)
        case "retry":
            return (message.retry(state, **by),)
        case _:
            return (message.resolve(state, wish.resolution, wish.reason, **by),)
