"""The application: its methods are the commands.

Each loads one aggregate from its events, takes a decision, and saves what follows. Losing a race
for a version means deciding anew on the newer state, a bounded number of times. What a command must
see beyond its own aggregate it asks of its ``CommandQueries``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from typing import Any, Generic, Protocol, TypeVar, cast
from uuid import UUID

import msgspec
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import InfrastructureFactory, RecordConflictError
from eventsourcing.utils import Environment, EnvType

from domain import campaign, device, enrollment, lead, message, sequence, values
from domain.errors import AlreadyExistsError, ConflictError, NotFoundError, SettingsError
from domain.event import Event, ForeignEventError, Versioned
from domain.message import events as message_events
from domain.message.events import CancelReason, Resolution
from domain.opt_out_words import STOP_WORDS, asks_to_stop

State = TypeVar("State", bound=Versioned)
T = TypeVar("T")
Decided = Event | Sequence[Event]

ATTEMPTS = 10

# Events that make messages due at once, so that broadcasters should not wait for their next look.
MAKES_DUE = (
    campaign.CampaignResumed,
    device.DeviceConnected,
    message_events.MessageResolved,
    message_events.MessageRetried,
    sequence.SequenceResumed,
)


class CommandQueries(Protocol):
    """What commands must see beyond the aggregate they change. ``connection`` is the store's own
    transaction; rows asked for in it are locked until it ends. A transaction that lost against
    another raises the library's RecordConflictError."""

    def namespace(self) -> UUID: ...

    def transaction(self) -> AbstractContextManager[Any]: ...

    def cancellable(
        self, connection: Any, lead_id: UUID, enrollment_id: UUID | None = None
    ) -> list[message.Message]: ...

    def active_enrollments(
        self, connection: Any, lead_id: UUID
    ) -> list[tuple[enrollment.Enrollment, bool]]: ...

    def forget(self, connection: Any, lead_id: UUID) -> None:
        """Makes the lead's personal data unreadable for ever."""
        ...

    def latest_sent_to(self, connection: Any, lead_id: UUID) -> UUID | None: ...

    def has_replied(self, connection: Any, lead_id: UUID, provider_id: str) -> bool: ...

    def wake_broadcasters(self, connection: Any) -> None: ...


class Kind(Generic[State]):
    """A kind of aggregate: its name and how its events fold."""

    def __init__(
        self, name: str, fold: Callable[[State | None, Iterable[Any]], State | None]
    ) -> None:
        self.name = name
        self.fold = fold


LEAD = Kind("lead", lead.fold)
SEQUENCE = Kind("sequence", sequence.fold)
CAMPAIGN = Kind("campaign", campaign.fold)
MESSAGE = Kind("message", message.fold)
DEVICE = Kind("device", device.fold)


class Outreach(Application[UUID]):
    """Sendtrail's commands.

    ``env`` must select a persistence module: there is no falling back to memory. ``clock`` gives
    aware instants in UTC and ``new_id`` random ids; the domain has neither of its own. A reply that
    is one of ``stop_words`` as a whole opts its lead out. ``actor`` says in every command who gives
    it. A command returns the aggregate's state after it and raises NotFoundError, WrongStateError,
    InvalidInputError or ConflictError, and then nothing is written.
    """

    def __init__(
        self,
        env: EnvType,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        stop_words: Set[str] = STOP_WORDS,
    ) -> None:
        super().__init__(env)
        self.stop_words = stop_words
        self.clock = clock
        self.new_id = new_id
        self.queries: CommandQueries = cast(Any, self.factory).command_queries()
        self.namespace = self.queries.namespace()

    def construct_factory(self, env: Environment) -> InfrastructureFactory:
        if not env.get("PERSISTENCE_MODULE"):
            raise SettingsError("PERSISTENCE_MODULE: expected the event store's module")
        return super().construct_factory(env)

    def record(self, connection: Any, events: Sequence[Event], ready: Any = None) -> None:
        """Projects and appends as the last thing before ``connection`` commits; for runners, which
        lock, decide and save thousands of messages in one transaction. What was made ``ready``
        comes first."""
        self.events.put(cast(Any, events), connection=connection, ready=ready)

    def make_ready(self, events: Sequence[Event]) -> Any:
        """Does for ``record`` what can be done ahead of the transaction."""
        return cast(Any, self.events).make_ready(events)

    # Leads

    def lead_id(self, phone: str) -> UUID:
        """The id of the lead with that E.164 phone, whether or not there is one."""
        return lead.lead_id(self.namespace, phone)

    def get_lead(self, lead_id: UUID) -> lead.Lead:
        return self._load(LEAD, lead_id)

    def register_lead(
        self, phone: str, triggers: Sequence[str], profile: lead.Profile, *, actor: str
    ) -> lead.Lead:
        """``phone`` is E.164. Raises AlreadyExistsError, with the lead's id, if it is known."""
        event = lead.register(
            self.lead_id(phone), phone, tuple(triggers), profile, now=self.clock(), actor=actor
        )
        try:
            return self._begin(LEAD, event)
        except RecordConflictError:
            raise AlreadyExistsError("lead", event.originator_id) from None

    def register_leads(
        self,
        connection: Any,
        registrations: Iterable[tuple[str, Sequence[str], lead.Profile]],
        *,
        actor: str,
    ) -> None:
        """Many at once, none of them known, in the caller's transaction."""
        now = self.clock()
        events = [
            lead.register(
                self.lead_id(phone), phone, tuple(triggers), profile, now=now, actor=actor
            )
            for phone, triggers, profile in registrations
        ]
        self.record(connection, events)

    def update_lead(
        self,
        lead_id: UUID,
        profile: lead.Profile | Callable[[lead.Profile], lead.Profile],
        *,
        actor: str,
    ) -> lead.Lead:
        """``profile`` is the new one, or makes it of the present one: then changes of different
        fields at the same time both land."""

        def decide(state: lead.Lead, *, now: datetime, actor: str) -> Sequence[Event]:
            return lead.update(state, _applied(profile, state.profile), now=now, actor=actor)

        return self._change(LEAD, lead_id, decide, actor)

    def add_trigger(self, lead_id: UUID, trigger: str, *, actor: str) -> lead.Lead:
        return self._change(LEAD, lead_id, partial(lead.add_trigger, trigger=trigger), actor)

    def opt_in(self, lead_id: UUID, evidence: str, *, actor: str) -> lead.Lead:
        return self._change(LEAD, lead_id, partial(lead.opt_in, evidence=evidence), actor)

    def opt_out(self, lead_id: UUID, evidence: str, *, actor: str) -> lead.Lead:
        """Stops the lead's enrollments too and cancels all that is not handed over."""

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            return (
                *lead.opt_out(state, evidence, now=now, actor=actor),
                *self._stop_all(connection, lead_id, "opted_out", now=now, actor=actor),
            )

        return self._change_with(LEAD, lead_id, decide)

    def record_reply(self, lead_id: UUID, text: str, provider_id: str, *, actor: str) -> lead.Lead:
        """A reply stops the enrollments that say so; a STOP word opts the lead out, with the reply
        as the evidence. The same ``provider_id`` again is the same reply, and changes nothing."""
        provider_id = values.cleaned(provider_id, 500)

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            if self.queries.has_replied(connection, lead_id, provider_id):
                return ()
            answered = self.queries.latest_sent_to(connection, lead_id)
            events: list[Event] = [
                *lead.reply(state, text, provider_id, answered, now=now, actor=actor)
            ]
            if not events:
                return ()
            reason: enrollment.StopReason = "replied"
            if asks_to_stop(text, self.stop_words):
                reason = "opted_out"
                after = lead.evolve(state, events[0])
                events.extend(lead.opt_out(after, text, now=now, actor=actor))
            return (*events, *self._stop_all(connection, lead_id, reason, now=now, actor=actor))

        return self._change_with(LEAD, lead_id, decide)

    def erase_lead(self, lead_id: UUID, *, actor: str) -> lead.Lead:
        """Forgets who this was, in every event, and cancels all that is not handed over. The
        messages and their counts stay."""

        def decide(connection: Any, state: lead.Lead, now: datetime) -> Sequence[Event]:
            self.queries.forget(connection, lead_id)
            return (
                *lead.erase(state, now=now, actor=actor),
                *self._stop_all(connection, lead_id, "erased", now=now, actor=actor),
            )

        return self._change_with(LEAD, lead_id, decide)

    # Sequences

    def get_sequence(self, sequence_id: UUID) -> sequence.Sequence:
        return self._load(SEQUENCE, sequence_id)

    def define_sequence(
        self, definition: Callable[[UUID], sequence.Definition], *, actor: str
    ) -> sequence.Sequence:
        """``definition`` is made for the new sequence's id, which its steps' content ids name."""
        new = self.new_id()
        event = sequence.define(new, definition(new), now=self.clock(), actor=actor)
        return self._begin(SEQUENCE, event)

    def activate_sequence(self, sequence_id: UUID, *, actor: str) -> sequence.Sequence:
        return self._change(SEQUENCE, sequence_id, sequence.activate, actor)

    def pause_sequence(self, sequence_id: UUID, *, actor: str) -> sequence.Sequence:
        return self._change(SEQUENCE, sequence_id, sequence.pause, actor)

    def resume_sequence(self, sequence_id: UUID, *, actor: str) -> sequence.Sequence:
        return self._change(SEQUENCE, sequence_id, sequence.resume, actor)

    def deactivate_sequence(
        self, sequence_id: UUID, *, cancel_pending: bool = False, actor: str
    ) -> sequence.Sequence:
        """With ``cancel_pending`` what is pending is held at once and cancelled by the reaper."""
        decide = partial(sequence.deactivate, cancel_pending=cancel_pending)
        return self._change(SEQUENCE, sequence_id, decide, actor)

    def revise_step(
        self, sequence_id: UUID, number: int, *, actor: str, **content: Any
    ) -> sequence.Sequence:
        """New content for step ``number``, from 1, of all that is not handed over: ``body``,
        ``media_url``, ``template``, ``delay_hours``, ``send_at``; what is not given stays. Raises
        NotFoundError where there is no such step."""

        def decide(state: sequence.Sequence, *, now: datetime, actor: str) -> Sequence[Event]:
            steps = state.definition.steps
            if not 1 <= number <= len(steps):
                raise NotFoundError("step", number)
            present = msgspec.structs.asdict(steps[number - 1])
            del present["content_id"]
            merged = {**present, **content}
            return sequence.revise_step(state, number, **merged, now=now, actor=actor)

        return self._change(SEQUENCE, sequence_id, decide, actor)

    # Campaigns

    def get_campaign(self, campaign_id: UUID) -> campaign.Campaign:
        return self._load(CAMPAIGN, campaign_id)

    def schedule_campaign(
        self, definition: campaign.Definition, *, actor: str
    ) -> campaign.Campaign:
        event = campaign.schedule(self.new_id(), definition, now=self.clock(), actor=actor)
        return self._begin(CAMPAIGN, event)

    def revise_campaign(
        self,
        campaign_id: UUID,
        definition: campaign.Definition | Callable[[campaign.Definition], campaign.Definition],
        *,
        actor: str,
    ) -> campaign.Campaign:
        def decide(state: campaign.Campaign, *, now: datetime, actor: str) -> Sequence[Event]:
            new = _applied(definition, state.definition)
            return campaign.revise(state, new, now=now, actor=actor)

        return self._change(CAMPAIGN, campaign_id, decide, actor)

    def pause_campaign(self, campaign_id: UUID, *, actor: str) -> campaign.Campaign:
        return self._change(CAMPAIGN, campaign_id, campaign.pause, actor)

    def resume_campaign(self, campaign_id: UUID, *, actor: str) -> campaign.Campaign:
        return self._change(CAMPAIGN, campaign_id, campaign.resume, actor)

    def cancel_campaign(self, campaign_id: UUID, *, actor: str) -> campaign.Campaign:
        """What is pending is held at once and cancelled by the reaper."""
        return self._change(CAMPAIGN, campaign_id, campaign.cancel, actor)

    # Devices

    def get_device(self, device_id: UUID) -> device.Device:
        return self._load(DEVICE, device_id)

    def register_device(self, configuration: device.Configuration, *, actor: str) -> device.Device:
        event = device.register(self.new_id(), configuration, now=self.clock(), actor=actor)
        return self._begin(DEVICE, event)

    def reconfigure_device(
        self,
        device_id: UUID,
        configuration: device.Configuration
        | Callable[[device.Configuration], device.Configuration],
        *,
        actor: str,
    ) -> device.Device:
        def decide(state: device.Device, *, now: datetime, actor: str) -> Sequence[Event]:
            new = _applied(configuration, state.configuration)
            return device.reconfigure(state, new, now=now, actor=actor)

        return self._change(DEVICE, device_id, decide, actor)

    def connect_device(self, device_id: UUID, *, actor: str) -> device.Device:
        return self._change(DEVICE, device_id, device.connect, actor)

    def disconnect_device(self, device_id: UUID, reason: str, *, actor: str) -> device.Device:
        return self._change(DEVICE, device_id, partial(device.disconnect, reason=reason), actor)

    def retire_device(self, device_id: UUID, *, actor: str) -> device.Device:
        """What it had pending is cancelled by the reaper."""
        return self._change(DEVICE, device_id, device.retire, actor)

    def note_test(self, device_id: UUID, outcome: str, detail: str, *, actor: str) -> device.Device:
        """A person sent a message through it by hand."""
        decide = partial(device.note_test, outcome=outcome, detail=detail)
        return self._change(DEVICE, device_id, decide, actor)

    # Messages

    def get_message(self, message_id: UUID) -> message.Message:
        return self._load(MESSAGE, message_id)

    def cancel_message(self, message_id: UUID, *, actor: str) -> message.Message:
        decide = partial(message.cancel, reason="operator")
        return self._change(MESSAGE, message_id, decide, actor)

    def retry_message(self, message_id: UUID, *, actor: str) -> message.Message:
        """A finished campaign goes on until this message has ended too."""
        return self._send_again(message_id, message.retry, actor)

    def resolve_message(
        self, message_id: UUID, resolution: Resolution, reason: str, *, actor: str
    ) -> message.Message:
        decide = partial(message.resolve, resolution=resolution, reason=reason)
        if resolution == "retried":
            return self._send_again(message_id, decide, actor)
        return self._change(MESSAGE, message_id, decide, actor)

    def _send_again(
        self, message_id: UUID, decide: Callable[..., Event], actor: str
    ) -> message.Message:
        def decided(_: Any, state: message.Message, now: datetime) -> Sequence[Event]:
            again = decide(state, now=now, actor=actor)
            if state.campaign_id is None:
                return (again,)
            owner = self._load(CAMPAIGN, state.campaign_id)
            return (*campaign.reopen(owner, now=now, actor=actor), again)

        return self._change_with(MESSAGE, message_id, decided)

    # What all commands share

    def _begin(self, kind: Kind[State], event: Event) -> State:
        with self.queries.transaction() as connection:
            self.record(connection, (event,))
        return cast(State, kind.fold(None, (event,)))

    def _load(self, kind: Kind[State], aggregate_id: UUID) -> State:
        try:
            found = self.repository.get(aggregate_id, projector_func=cast(Any, kind.fold))
        except (AggregateNotFoundError, ForeignEventError):
            raise NotFoundError(kind.name, aggregate_id) from None
        return cast(State, found)

    def _change(
        self, kind: Kind[State], aggregate_id: UUID, decide: Callable[..., Decided], actor: str
    ) -> State:
        """``decide(state, now=..., actor=...)`` gives the event or events that follow."""

        def decided(_: Any, state: State, now: datetime) -> Sequence[Event]:
            events = decide(state, now=now, actor=actor)
            return (events,) if isinstance(events, Event) else events

        return self._change_with(kind, aggregate_id, decided)

    def _change_with(
        self,
        kind: Kind[State],
        aggregate_id: UUID,
        decide: Callable[[Any, State, datetime], Sequence[Event]],
    ) -> State:
        for _ in range(ATTEMPTS):
            state = self._load(kind, aggregate_id)
            try:
                with self.queries.transaction() as connection:
                    events = decide(connection, state, self.clock())
                    self.record(connection, events)
                    if any(isinstance(event, MAKES_DUE) for event in events):
                        self.queries.wake_broadcasters(connection)
            except RecordConflictError:
                continue
            own = [event for event in events if event.originator_id == aggregate_id]
            return cast(State, kind.fold(state, own))
        raise ConflictError(f"this {kind.name} is changed by others again and again; try later")

    def _stop_all(
        self,
        connection: Any,
        lead_id: UUID,
        reason: enrollment.StopReason,
        *,
        now: datetime,
        actor: str,
    ) -> Sequence[Event]:
        """Opting out and erasing cancel everything of the lead; a reply what its sequences let it
        stop."""
        stopped: list[Event] = []
        unwanted: list[message.Message] = []
        for running, stop_on_reply in self.queries.active_enrollments(connection, lead_id):
            if reason != "replied" or stop_on_reply:
                stopped.extend(enrollment.stop(running, reason, now=now, actor=actor))
                if reason == "replied":
                    unwanted.extend(self.queries.cancellable(connection, lead_id, running.id))
        if reason != "replied":
            unwanted = self.queries.cancellable(connection, lead_id)
        why = cast(CancelReason, reason)
        return (
            *stopped,
            *(message.cancel(state, why, now=now, actor=actor) for state in unwanted),
        )


def _applied(change: T | Callable[[T], T], present: T) -> T:
    return change(present) if callable(change) else change
