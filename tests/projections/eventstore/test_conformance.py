"""The library's own test cases for persistence modules, unchanged, on this event store."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from eventsourcing.persistence import ApplicationRecorder, TrackingRecorder
from eventsourcing.tests import persistence as cases
from eventsourcing.utils import Environment

from projections.database.engine import Database
from projections.eventstore.factory import Factory
from projections.eventstore.recorder import Recorder, TrackingEventRecorder
from projections.eventstore.tracking import Tracker
from tests.support.api.given import SECRET_KEY


@pytest.fixture(autouse=True)
def _database(request: pytest.FixtureRequest, database: Database) -> None:
    """Hands a fresh database to the unittest class under test."""
    request.instance.database = database
    if isinstance(request.instance, cases.InfrastructureFactoryTestCase):
        request.instance.env = Environment(
            env={
                "PERSISTENCE_MODULE": "projections.eventstore.factory",
                "SENDTRAIL_DATABASE_URL": database.url,
                "SENDTRAIL_SECRET_KEY": SECRET_KEY,
            }
        )


class TestApplicationRecorder(cases.ApplicationRecorderTestCase[ApplicationRecorder]):
    database: ClassVar[Database]

    def create_recorder(self) -> Recorder:
        return Recorder(self.database)

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNonInterleavingNotificationIDs(cases.NonInterleavingNotificationIDsBaseCase):
    database: ClassVar[Database]

    def create_recorder(self) -> Recorder:
        return Recorder(self.database)


class TestTrackingRecorder(cases.TrackingRecorderTestCase):
    database: ClassVar[Database]

    def create_recorder(self) -> TrackingRecorder:
        return Tracker(self.database)


class TestProcessRecorder(cases.ProcessRecorderTestCase):
    database: ClassVar[Database]

    def create_recorder(self) -> TrackingEventRecorder:
        return TrackingEventRecorder(self.database)


class OtherTracker(Tracker):
    """A tracking recorder that a user might choose instead."""


class TestInfrastructureFactory(cases.InfrastructureFactoryTestCase[Factory]):
    def expected_factory_class(self) -> type[Factory]:
        return Factory

    def expected_aggregate_recorder_class(self) -> type[Recorder]:
        return Recorder

    def expected_application_recorder_class(self) -> type[Recorder]:
        return Recorder

    def expected_tracking_recorder_class(self) -> type[Tracker]:
        return Tracker

    def tracking_recorder_subclass(self) -> type[Any]:
        return OtherTracker

    def expected_process_recorder_class(self) -> type[TrackingEventRecorder]:
        return TrackingEventRecorder
