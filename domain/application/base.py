"""What all commands share: load one aggregate, decide, save what follows.

A command that loses a race for a version decides anew on the newer state, a bounded number of
times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from datetime import datetime
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import (
    InfrastructureFactory,
    MapperDeserialisationError,
    RecordConflictError,
)
from eventsourcing.utils import Environment, EnvType, TopicError

from domain import campaign, device, enrollment, lead, message, sequence, suppression
from domain.application.ports import CommandQueries
from domain.campaign import events as campaign_events
from domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    SettingsError,
    StorageError,
    WrongStateError,
)
from domain.event import Event, ForeignEventError, Versioned
from domain.hosts import NONE, AllowedHosts
from domain.message import events as message_events
from domain.opt_out_words import STOP_WORDS
from domain.segments import Predicate
from domain.trial_events import DeviceTestBegun, DeviceTested
from domain.zones import House

State = TypeVar("State", bound=Versioned)
T = TypeVar("T")

ATTEMPTS = 10

# Events that make messages due at once, so that broadcasters should not wait for their next look.
MAKES_DUE = (
    campaign_events.CampaignApproved,
    campaign_events.CampaignResumed,
    device.DeviceConnected,
    message_events.MessageMoved,
    message_events.MessageRescheduled,
    message_events.MessageResolved,
    message_events.MessageRetried,
    sequence.SequenceResumed,
)
# Events that change nothing of what somebody sees who changes the aggregate.
BESIDE = (
    campaign_events.CampaignTested,
    campaign_events.CampaignAudienceExtended,
    campaign_events.CampaignAudienceCompleted,
    device.DeviceConnected,
    device.DeviceDisconnected,
    device.DeviceAddressLearned,
    DeviceTestBegun,
    DeviceTested,
)


class AggregateKind(Generic[State]):
    """A kind of aggregate: its name in errors, the ``fold`` of its events, and whether one in that
    state ``exists`` still."""

    def __init__(
        self,
        name: str,
        fold: Callable[[State | None, Iterable[Any]], State | None],
        exists: Callable[[State], bool] = lambda state: True,
    ) -> None:
        self.name = name
        self.fold = fold
        self.exists = exists


LEAD = AggregateKind("lead", lead.fold)
SEQUENCE = AggregateKind("sequence", sequence.fold, sequence.exists)
ENROLLMENT = AggregateKind("enrollment", enrollment.fold)
CAMPAIGN = AggregateKind("campaign", campaign.fold)
MESSAGE = AggregateKind("message", message.fold)
DEVICE = AggregateKind("device", device.fold)
SUPPRESSION = AggregateKind("suppression", suppression.fold)

HOUSE = House()


class Commands(Application[UUID]):
    """Loads, decides and saves. Each aggregate's commands are a subclass in a module of its own."""

    def __init__(
        self,
        env: EnvType,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        stop_words: Set[str] = STOP_WORDS,
        house: House = HOUSE,
        allowed_hosts: AllowedHosts = NONE,
    ) -> None:
        """Take the infrastructure from ``env`` and the queries from its factory.

        ``clock`` gives aware instants in UTC and ``new_id`` random ids: the domain has neither of
        its own. ``stop_words`` are all words that opt out, in their normal form
        (``domain.opt_out_words``). ``house`` is what holds for everybody, ``allowed_hosts`` are
        the private hosts that devices may be behind. Raises SettingsError where ``env`` names no
        persistence module.
        """
        super().__init__(env)
        self.stop_words = stop_words
        self.house = house
        self.allowed_hosts = allowed_hosts
        self.clock = clock
        self.new_id = new_id
        self.queries: CommandQueries = cast(Any, self.factory).command_queries()
        self.namespace = self.queries.namespace()
        self.identity = self.queries.identity()

    def construct_factory(self, env: Environment) -> InfrastructureFactory:
        """The factory of the persistence module in ``env``. There is no falling back to memory:
        without a module it raises SettingsError."""
        if not env.get("PERSISTENCE_MODULE"):
            raise SettingsError("PERSISTENCE_MODULE: expected the event store's module")
        return super().construct_factory(env)

    def record(self, connection: Any, events: Sequence[Event], prepared: Any = None) -> None:
        """Project and append ``events`` as the last thing before ``connection`` commits.

        It serves runners, which lock, decide and save thousands of messages in one transaction.
        ``prepared`` is what ``prepare_events`` gave; its events come before ``events``.
        """
        self.events.put(cast(Any, events), connection=connection, prepared=prepared)

    def prepare_events(self, events: Sequence[Event]) -> Any:
        """Do for ``record`` what can be done ahead of the transaction."""
        return cast(Any, self.events).prepare(events)

    def _segment(self, connection: Any, segment_id: UUID | None) -> Predicate | None:
        """The segment of that id, which stays until the transaction ends; None without an id.
        Raises InvalidInputError where there is no such segment."""
        if segment_id is None:
            return None
        found = self.queries.segment(connection, segment_id)
        if found is None:
            raise InvalidInputError("segment_id", "the id of a segment")
        return found

    def _load(self, kind: AggregateKind[State], aggregate_id: UUID) -> State:
        """The present state. Raises NotFoundError where no aggregate of that kind has that id."""
        try:
            state = self.repository.get(aggregate_id, projector_func=cast(Any, kind.fold))
        except (AggregateNotFoundError, ForeignEventError):
            raise NotFoundError(kind.name, aggregate_id) from None
        except (MapperDeserialisationError, TopicError):
            raise StorageError(
                f"this {kind.name} cannot be read: one of its events is not what was written;"
                " sendtrail audit verify names it"
            ) from None
        if not kind.exists(cast(State, state)):
            raise NotFoundError(kind.name, aggregate_id)
        return cast(State, state)

    def _is_other(self, state: Versioned, seen: int) -> bool:
        """Whether the aggregate is not what it was at the version ``seen``: more came of it than
        ``BESIDE``."""
        if seen >= state.version:
            return seen > state.version
        since: Iterable[Any] = self.events.get(state.id, gt=seen, lte=state.version)
        return not all(isinstance(event, BESIDE) for event in since)

    def _change(
        self,
        kind: AggregateKind[State],
        aggregate_id: UUID,
        decide: Callable[..., Event | Sequence[Event]],
        actor: str,
    ) -> State:
        """The state after the event or events that ``decide(state, now=..., actor=...)`` gives."""

        def decide_alone(_: Any, state: State, now: datetime) -> Sequence[Event]:
            events = decide(state, now=now, actor=actor)
            return (events,) if isinstance(events, Event) else events

        return self._change_with_queries(kind, aggregate_id, decide_alone)

    def _change_with_queries(
        self,
        kind: AggregateKind[State],
        aggregate_id: UUID,
        decide: Callable[[Any, State, datetime], Sequence[Event]],
        seen: int | None = None,
    ) -> State:
        """The state after the events that ``decide(connection, state, now)`` gives.

        With ``connection`` it may ask ``self.queries``; events of other aggregates may be among
        those it gives. Raises WrongStateError where it is another one than at the version ``seen``,
        and ConflictError after ``ATTEMPTS`` lost races.
        """
        for _ in range(ATTEMPTS):
            state = self._load(kind, aggregate_id)
            if seen is not None and self._is_other(state, seen):
                at = f"at version {state.version}"
                raise WrongStateError(kind.name, at, "change what you saw of")
            try:
                with self.queries.transaction() as connection:
                    events = decide(connection, state, self.clock())
                    self.record(connection, events)
                    if any(isinstance(event, MAKES_DUE) for event in events):
                        self.queries.wake_broadcasters(connection)
            except RecordConflictError as conflict:
                self.queries.put_aside_broken(conflict, self.clock())
                continue
            own = [event for event in events if event.originator_id == aggregate_id]
            return cast(State, kind.fold(state, own))
        raise ConflictError(f"this {kind.name} is changed by others again and again; try later")


def applied(change: T | Callable[[T], T], present: T) -> T:
    """The new value: ``change`` itself, or what it makes of the ``present`` one.

    A change that is a function is applied to the newest state, so that changes of different fields
    at the same time both land.
    """
    return change(present) if callable(change) else change
