"""The commands before and after a test."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain import campaign, device, suppression, trials
from domain.application.base import CAMPAIGN, DEVICE, LEAD
from domain.application.registration import RegistrationCommands
from domain.application.writing import WritingCommands
from domain.content import Content
from domain.errors import WrongStateError
from domain.event import Event
from domain.phones import canonical
from domain.trial_events import DeviceTestBegun
from domain.trials import Trial, TrialResult


class Begun(NamedTuple):
    """A test whose turn it is, and what WhatsApp calls the person, in digits, if that is known."""

    event: DeviceTestBegun
    wa_id: str | None


class Through(NamedTuple):
    """What a test needs of its device."""

    gateway: str
    settings: dict[str, Any]
    credentials: Mapping[str, str]

    def __repr__(self) -> str:
        # Credentials do not get into a log or a traceback.
        return f"<through {self.gateway}>"


class TrialCommands(RegistrationCommands, WritingCommands):
    """Begin a test, and note what came of it."""

    def device_for(
        self, lead_id: UUID, wanted: UUID | None, device_ids: Collection[UUID] = ()
    ) -> UUID:
        """The device that writes to the lead, of the pool ``device_ids``: ``wanted``, if that is
        not None. Raises InvalidInputError and WrongStateError as ``write_to_lead`` does."""
        with self.queries.transaction() as connection:
            return self.writer(connection, lead_id, wanted, device_ids)

    def begin_test(
        self,
        device_id: UUID,
        phone: str,
        patience: timedelta,
        campaign_id: UUID | None = None,
        *,
        actor: str,
    ) -> Begun:
        """Take the device's turn for a test to ``phone``, in E.164. A call is surely over
        ``patience`` after it began.

        Raises ThrottledError while the device may not send, and WrongStateError for the phone of a
        person who said no or was erased.
        """
        begun: Begun | None = None

        def decide(connection: Any, state: device.Device, now: datetime) -> Sequence[Event]:
            nonlocal begun
            wa_id = self._require_willing(connection, phone, device_id)
            last = self.queries.last_dispatch(connection, device_id)
            use = self.queries.day_use(connection, device_id, now)
            event = trials.begin(
                state,
                self.new_id(),
                phone,
                last,
                use,
                patience,
                campaign_id,
                now=now,
                actor=actor,
            )
            begun = Begun(event, wa_id)
            return (event,)

        self._change_with_queries(DEVICE, device_id, decide)
        assert begun is not None  # noqa: S101 - it was decided
        return begun

    def send_test(
        self,
        begun: Begun,
        through: Through,
        phone: str,
        content: Content,
        send: Callable[[Trial], TrialResult],
        content_id: str = "",
        *,
        actor: str,
    ) -> TrialResult:
        """Send the rendered ``content`` to ``phone`` by ``send``, outside any transaction, because
        a provider may be slow, and note what came of it. ``content_id`` is the campaign's."""
        trial = Trial(
            test_id=begun.event.test_id,
            device_id=begun.event.originator_id,
            gateway=through.gateway,
            settings=through.settings,
            credentials=through.credentials,
            phone=phone,
            wa_id=begun.wa_id,
            content=content,
        )
        result = send(trial)
        self.end_test(begun.event, result, content_id, actor=actor)
        return result

    def end_test(
        self, begun: DeviceTestBegun, result: TrialResult, content_id: str, *, actor: str
    ) -> None:
        """Note what came of the test of that content: on the device, and on the campaign if it was
        of one."""

        def decide(connection: Any, state: device.Device, now: datetime) -> Sequence[Event]:
            ended: list[Event] = [trials.end(state, begun, result, now=now, actor=actor)]
            if begun.campaign_id is not None:
                owner = self._load(CAMPAIGN, begun.campaign_id)
                noted = campaign.note_test(owner, begun, content_id, result, now=now, actor=actor)
                ended.append(noted)
            return ended

        self._change_with_queries(DEVICE, begun.originator_id, decide)

    def _require_willing(self, connection: Any, phone: str, device_id: UUID) -> str | None:
        """Raises WrongStateError for the phone of somebody who said no; else what WhatsApp calls
        the person who has it, if that is known."""
        key = canonical(phone)
        owners = self.queries.leads_of_keys(connection, [key]).get(key, ())
        people = [self._load(LEAD, owner) for owner in owners]
        if any(person.opted_out_at is not None for person in people):
            raise WrongStateError("person", "opted_out", "send a test to")
        if not people and self.erased_of(connection, [key]):
            raise WrongStateError("person", "erased", "send a test to")
        names = [key, suppression.name(key, str(device_id))]
        said = self.queries.suppressed(connection, names)
        if any(said[name].in_force for name in names if name in said):
            raise WrongStateError("person", "suppressed", "send a test to")
        return next((person.wa_id for person in people), None)
