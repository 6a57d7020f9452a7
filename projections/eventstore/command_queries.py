"""What commands must see beyond the one aggregate they change, answered from the read models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.persistence import RecordConflictError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from domain import sequence
from domain.application.ports import PastAddresses
from domain.campaign import Counted
from domain.device import Status as DeviceStatus
from domain.device_choice import Ties
from domain.enrollment import Enrollment
from domain.lead import Consent, Lead
from domain.message import Message
from domain.pacing import LastDispatch
from domain.replanning import Journey
from domain.segments import Predicate
from domain.suppression import Suppression
from domain.surroundings import Surroundings
from domain.trials import DayUse
from projections.database import identity_key, installation
from projections.database.engine import Database, is_transient, rows
from projections.eventstore import broken_streams, erasure, journeys, past_addresses
from projections.eventstore.append import StreamConflictError
from projections.eventstore.surroundings import surroundings
from projections.queue import dispatch, lookup, retired, wake
from projections.readmodels import (
    addresses,
    campaigns,
    consents,
    devices,
    enrollments,
    leads,
    segments,
    sequences,
    suppressions,
)
from projections.records import credentials

# Orders the changes of who may use what.
ACCESS_LOCK = 0x5E4D7248


class DatabaseCommandQueries:
    """Implements ``CommandQueries`` of the application on this database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def namespace(self) -> UUID:
        """The installation's UUID."""
        return installation.namespace(self.database)

    def identity(self) -> bytes:
        """The installation's identity key. Raises StorageError if it was altered."""
        return identity_key.read(self.database)

    @contextmanager
    def transaction(self, *, apart: bool = False) -> Iterator[Connection]:
        """A transaction of the name ``command``; one that lost against another raises the library's
        RecordConflictError. ``apart``: it takes no notice of ``Database.joined``."""
        try:
            with ExitStack() as stack:
                if apart:
                    stack.enter_context(self.database.apart())
                yield stack.enter_context(self.database.transaction("command"))
        except DBAPIError as error:
            if is_transient(error.orig):
                raise RecordConflictError("deadlock or serialization failure") from error
            raise

    def lock_addresses(self, connection: Any, *, alone: bool) -> None:
        """Until the transaction ends, nobody else gives away addresses, if ``alone``, or else
        nobody who has to be alone."""
        addresses.lock(connection, alone=alone)

    def leads_of_keys(self, connection: Any, keys: Iterable[str]) -> dict[str, list[UUID]]:
        """The leads with an address of each key, whoever has had it longest first."""
        return addresses.leads_of_keys(connection, keys)

    def taken(
        self, connection: Any, lead_ids: Iterable[UUID], *, locks: bool = False
    ) -> dict[UUID, bool]:
        """Those of these ids that are leads', and whether nobody can be registered under it.
        ``locks``: behind ``lock_addresses``, not alone."""
        return leads.taken(connection, lead_ids, locks=locks)

    def erased(self, connection: Any, lead_ids: Iterable[UUID]) -> set[UUID]:
        """Those of these ids that are of people who were erased."""
        return leads.erased(connection, lead_ids)

    def lead_states(self, connection: Any, lead_ids: Iterable[UUID]) -> dict[UUID, Lead]:
        """Those of these leads that are not in quarantine, locked."""
        return leads.locked(connection, lead_ids)

    def messages(self, connection: Any, ids: Iterable[UUID]) -> dict[UUID, Message]:
        """Those of these messages that are not in quarantine, locked, in id order."""
        return {each.id: each for each in lookup.locked(connection, ids)}

    def surroundings(self, connection: Any, lead_ids: Sequence[UUID]) -> dict[UUID, Surroundings]:
        """What belongs to each of these leads, locked."""
        return surroundings(connection, lead_ids)

    def consents(self, connection: Any, lead_ids: Iterable[UUID]) -> dict[UUID, list[Consent]]:
        """All consents of each of these leads that were recorded, in their order."""
        return consents.of_leads(connection, lead_ids)

    def suppressed(self, connection: Any, keys: Iterable[str]) -> dict[str, Suppression]:
        """The suppressions of these keys of addresses, in force or not."""
        return suppressions.of_keys(connection, keys)

    def suppressions(self, connection: Any, ids: Iterable[UUID]) -> dict[UUID, Suppression]:
        """The suppressions of these ids that there are, locked."""
        return suppressions.by_id(connection, ids)

    def owners_of_messages(self, connection: Any, lead_ids: Sequence[UUID]) -> dict[UUID, bool]:
        """The campaigns and sequences that write to these leads, and whether they have."""
        return lookup.owners(connection, lead_ids)

    def counted(self, connection: Any, campaign_id: UUID) -> Counted:
        """How many of the campaign's messages were tried, and what came of it."""
        return campaigns.counted(connection, campaign_id)

    def enrollments(self, connection: Any, lead_id: UUID, sequence_id: UUID) -> list[Enrollment]:
        """The lead's enrollments in the sequence, the latest first."""
        return enrollments.earlier(connection, lead_id, sequence_id)

    def behind(self, connection: Any, limit: int) -> tuple[sequence.Sequence, list[Journey]] | None:
        """Enrollments that are to be planned anew, locked, and their sequence."""
        return journeys.behind(connection, limit)

    def journeys(self, connection: Any, changed: sequence.Sequence, limit: int) -> list[Journey]:
        """The sequence's enrollments that are to be planned anew after a change, locked."""
        return journeys.of_changed(connection, changed, limit)

    def next_triggers(self, connection: Any, *, alone: bool) -> dict[UUID, sequence.Definition]:
        """The sequences that may be in a cycle, by their ids."""
        return sequences.with_next_trigger(connection, alone=alone)

    def count_behind(self, connection: Any, sequence_id: UUID) -> int:
        """How many enrollments of the sequence are still to be planned anew."""
        return journeys.count_behind(connection, sequence_id)

    def device_statuses(self, connection: Any) -> dict[UUID, DeviceStatus]:
        """The status of every device, retired ones too."""
        return devices.statuses(connection)

    def credential_names(self, connection: Any, device_id: UUID) -> frozenset[str]:
        """The names of the credentials that are stored of the device. Raises SettingsError if
        another secret key encrypted them."""
        return credentials.names(connection, device_id, self._secret_key())

    def put_credentials(
        self, connection: Any, device_id: UUID, new_credentials: Mapping[str, str], now: datetime
    ) -> None:
        """Store the device's credentials in place of those it had until ``now``; empty ones delete
        them."""
        credentials.put(connection, device_id, dict(new_credentials), self._secret_key(), now)

    def ties(
        self, connection: Any, lead_ids: Iterable[UUID], statuses: Mapping[UUID, DeviceStatus]
    ) -> dict[UUID, Ties]:
        """What ties each of these leads to devices, which have these ``statuses``."""
        return leads.ties(connection, lead_ids, devices.retired(statuses))

    def pools(self, connection: Any, owner_ids: Iterable[UUID]) -> dict[UUID, tuple[UUID, ...]]:
        """The ``device_ids`` of these campaigns and sequences."""
        return retired.pools(connection, owner_ids)

    def put_off(
        self, connection: Any, campaign_id: UUID, after: UUID | None, limit: int
    ) -> list[Message]:
        """See ``CommandQueries``."""
        return lookup.put_off(connection, campaign_id, after, limit)

    def count_waiting(self, connection: Any, device_id: UUID) -> int:
        """How many messages of the device are pending or processing."""
        return retired.count_waiting(connection, device_id)

    def segment(
        self, connection: Any, segment_id: UUID, *, alone: bool = False
    ) -> Predicate | None:
        """The segment of that id, locked."""
        return segments.by_id(connection, segment_id, "FOR UPDATE" if alone else "FOR KEY SHARE")

    def users_of_segment(
        self, connection: Any, segment_id: UUID
    ) -> list[tuple[str, UUID, str, str]]:
        """What names the segment, as (kind, id, name, status)."""
        return [tuple(row) for row in segments.users(connection, segment_id)]

    def last_dispatch(self, connection: Any, device_id: UUID) -> LastDispatch:
        """What the device did last, locked."""
        return dispatch.last_dispatches(connection, [device_id])[device_id]

    def day_use(self, connection: Any, device_id: UUID, now: datetime) -> DayUse:
        """How much the device may send today, and has sent."""
        return devices.day_use(connection, device_id, now)

    def access_version(self, connection: Any, stream_id: UUID) -> int:
        """How many events the stream about access has; nobody else is told meanwhile."""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ACCESS_LOCK})")
        (row,) = rows(
            connection,
            "SELECT coalesce(max(originator_version), 0) AS version FROM stored_events"
            " WHERE originator_id = %(id)s",
            id=stream_id,
        )
        return int(row.version)

    def lead_to_erase(self, connection: Any, lead_id: UUID) -> Lead | None:
        """The lead, locked; None if there is none."""
        return leads.locked(connection, [lead_id], aside=True).get(lead_id)

    def past_addresses(self, connection: Any, lead_ids: Iterable[UUID]) -> PastAddresses:
        """Every address that these leads ever had."""
        return past_addresses.read(connection, lead_ids)

    def erase_personal_data(
        self,
        connection: Any,
        lead_ids: Iterable[UUID],
        keys: Iterable[str],
        suppression_ids: Iterable[UUID],
    ) -> None:
        """Make the personal data of one person unreadable for ever."""
        erasure.erase(connection, list(lead_ids), list(keys), list(suppression_ids))

    def wake_broadcasters(self, connection: Any) -> None:
        """Notify the broadcasters, with the commit, that there are messages due."""
        wake.wake_broadcasters(connection)

    def _secret_key(self) -> str:
        assert self.database.secret_key is not None  # noqa: S101 - the factory requires one
        return self.database.secret_key

    def put_aside_broken(self, conflict: Exception, now: datetime) -> None:
        """Put into quarantine what nothing can be recorded of, if that is why the ``conflict``
        came."""
        if isinstance(conflict, StreamConflictError):
            broken_streams.put_aside_broken(self.database, conflict, "command", now)
