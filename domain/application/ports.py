"""What the commands ask of the database that keeps the events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from domain.campaign import Counted
from domain.device import Status as DeviceStatus
from domain.device_choice import Ties
from domain.enrollment import Enrollment
from domain.lead import Consent, Lead
from domain.message import Message
from domain.pacing import LastDispatch
from domain.replanning import Journey
from domain.segments import Predicate
from domain.sequence import Definition
from domain.sequence import Sequence as Sequence_
from domain.suppression import Suppression
from domain.surroundings import Surroundings
from domain.trials import DayUse


class PastAddresses(NamedTuple):
    """The ``keys`` of all addresses that a person ever had, and by lead the versions of events that
    could not be read."""

    keys: list[str]
    unreadable: Mapping[UUID, tuple[int, ...]]


class CommandQueries(Protocol):
    """What commands must see beyond the aggregate they change.

    ``connection`` is what ``transaction`` gave; an answer holds until that transaction ends where
    its docstring says that rows are locked.
    """

    def namespace(self) -> UUID:
        """The namespace that the ids of leads followed from in earlier versions."""
        ...

    def identity(self) -> bytes:
        """The identity key of 32 bytes that ids of this installation follow from; it never
        changes, and is in the database only encrypted."""
        ...

    def transaction(self, *, apart: bool = False) -> AbstractContextManager[Any]:
        """A transaction: committed at the end of the block, rolled back by an exception. One that
        is ``apart`` is no part of what the caller has under way.

        Raises the library's RecordConflictError where it lost against another transaction.
        """
        ...

    def lock_addresses(self, connection: Any, *, alone: bool) -> None:
        """Until the transaction ends, nobody else gives away addresses, if ``alone``, or else
        nobody who has to be alone."""
        ...

    def leads_of_keys(self, connection: Any, keys: Iterable[str]) -> dict[str, list[UUID]]:
        """The leads that are found by these keys of addresses, whoever has been there longest
        first. A lead that was merged is found as the one that it was merged into."""
        ...

    def taken(
        self, connection: Any, lead_ids: Iterable[UUID], *, locks: bool = False
    ) -> dict[UUID, bool]:
        """Those of these ids that are leads'. True: nobody else can be registered under it, because
        the person was erased, or the lead was put aside. ``locks``: after ``lock_addresses``, not
        alone, which costs nothing so."""
        ...

    def erased(self, connection: Any, lead_ids: Iterable[UUID]) -> set[UUID]:
        """Those of these ids that are of people who were erased."""
        ...

    def lead_states(self, connection: Any, lead_ids: Iterable[UUID]) -> dict[UUID, Lead]:
        """Lock those of these leads that are not in quarantine."""
        ...

    def messages(self, connection: Any, ids: Iterable[UUID]) -> dict[UUID, Message]:
        """Lock those of these messages that are not in quarantine, in id order."""
        ...

    def surroundings(self, connection: Any, lead_ids: Sequence[UUID]) -> dict[UUID, Surroundings]:
        """Lock what belongs to each of these leads: active enrollments, messages that can still be
        cancelled, and more."""
        ...

    def consents(self, connection: Any, lead_ids: Iterable[UUID]) -> dict[UUID, list[Consent]]:
        """All consents of each of these leads that were recorded, in their order."""
        ...

    def suppressed(self, connection: Any, keys: Iterable[str]) -> dict[str, Suppression]:
        """The suppressions of these keys of addresses, in force or not."""
        ...

    def suppressions(self, connection: Any, ids: Iterable[UUID]) -> dict[UUID, Suppression]:
        """Lock the suppressions of these ids that there are, in force or not."""
        ...

    def owners_of_messages(self, connection: Any, lead_ids: Sequence[UUID]) -> dict[UUID, bool]:
        """The campaigns and sequences that write to these leads, and whether they have."""
        ...

    def counted(self, connection: Any, campaign_id: UUID) -> Counted:
        """How many of the campaign's messages were tried, and what came of it."""
        ...

    def enrollments(self, connection: Any, lead_id: UUID, sequence_id: UUID) -> list[Enrollment]:
        """The lead's enrollments in the sequence, the latest first."""
        ...

    def behind(self, connection: Any, limit: int) -> tuple[Sequence_, list[Journey]] | None:
        """Lock up to ``limit`` enrollments of one sequence that are to be planned anew, and their
        messages. The sequence stays as it is. None if there is none."""
        ...

    def journeys(self, connection: Any, changed: Sequence_, limit: int) -> list[Journey]:
        """Lock the sequence, up to ``limit`` of its enrollments that are planned by an earlier
        version than the ``changed`` one wants, and their messages."""
        ...

    def next_triggers(self, connection: Any, *, alone: bool) -> dict[UUID, Definition]:
        """The sequences that are not inactive and have a next trigger, but for what cannot be read.
        If ``alone``, nobody else who asks so comes in between until the transaction ends."""
        ...

    def count_behind(self, connection: Any, sequence_id: UUID) -> int:
        """How many enrollments of the sequence are still to be planned anew."""
        ...

    def device_statuses(self, connection: Any) -> dict[UUID, DeviceStatus]:
        """The status of every device, retired ones too."""
        ...

    def credential_names(self, connection: Any, device_id: UUID) -> frozenset[str]:
        """The names of the credentials that are stored of the device."""
        ...

    def put_credentials(
        self, connection: Any, device_id: UUID, credentials: Mapping[str, str], now: datetime
    ) -> None:
        """Store the device's credentials in place of those it had until ``now``; empty ones delete
        them."""
        ...

    def ties(
        self, connection: Any, lead_ids: Iterable[UUID], statuses: Mapping[UUID, DeviceStatus]
    ) -> dict[UUID, Ties]:
        """What ties each of these leads to devices, which have these ``statuses``."""
        ...

    def pools(self, connection: Any, owner_ids: Iterable[UUID]) -> dict[UUID, tuple[UUID, ...]]:
        """The ``device_ids`` of these campaigns and sequences."""
        ...

    def put_off(
        self, connection: Any, campaign_id: UUID, after: UUID | None, limit: int
    ) -> list[Message]:
        """Lock up to ``limit`` pending messages of the campaign that wait for a window, in id order
        after ``after``. Those that somebody else has locked are left out."""
        ...

    def count_waiting(self, connection: Any, device_id: UUID) -> int:
        """How many messages of the device are pending or processing."""
        ...

    def last_dispatch(self, connection: Any, device_id: UUID) -> LastDispatch:
        """What the device did last. Until the transaction ends nobody else dispatches for it."""
        ...

    def day_use(self, connection: Any, device_id: UUID, now: datetime) -> DayUse:
        """How much the device may send on the day of ``now``, and has sent."""
        ...

    def segment(
        self, connection: Any, segment_id: UUID, *, alone: bool = False
    ) -> Predicate | None:
        """The segment of that id, if there is one, locked: until the transaction ends it stays, and
        if ``alone``, nobody else sees to it."""
        ...

    def users_of_segment(
        self, connection: Any, segment_id: UUID
    ) -> Sequence[tuple[str, UUID, str, str]]:
        """The campaigns that have not started, the sequences that people may enter, and the changes
        of these that wait for an approval, which name the segment, as (kind, id, name, status)."""
        ...

    def access_version(self, connection: Any, stream_id: UUID) -> int:
        """How many events the stream about access has. Until the transaction ends nobody else is
        told."""
        ...

    def lead_to_erase(self, connection: Any, lead_id: UUID) -> Lead | None:
        """Lock the lead, in quarantine too; None if there is none."""
        ...

    def past_addresses(self, connection: Any, lead_ids: Iterable[UUID]) -> PastAddresses:
        """Every address that these leads ever had, as far as their events can be read."""
        ...

    def erase_personal_data(
        self,
        connection: Any,
        lead_ids: Iterable[UUID],
        keys: Iterable[str],
        suppression_ids: Iterable[UUID],
    ) -> None:
        """Make the personal data of one person unreadable for ever: that of these leads and
        suppressions, and whatever else is kept by the ``keys`` of the person's addresses."""
        ...

    def put_aside_broken(self, conflict: Exception, now: datetime) -> None:
        """Put into quarantine what nothing can be recorded of, if that is why the ``conflict``
        came. ``surroundings`` and ``lead_states`` leave it out from now on."""
        ...

    def wake_broadcasters(self, connection: Any) -> None:
        """Tell the broadcasters, at commit, to look for due messages at once."""
        ...
