"""The web application on the test's container, and clients with a key each."""

from __future__ import annotations

import pytest
from flask import Flask

from api.http.trials import Sender
from projections.container import Container
from runners.gateways import single
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.support.api.given import api_key


@pytest.fixture
def app(container: Container) -> Flask:
    return application(container, tests=Sender(single.sender(container.settings)))


@pytest.fixture
def anybody(app: Flask) -> Client:
    """A client without a key."""
    return Client(app)


@pytest.fixture
def viewer(app: Flask, container: Container) -> Client:
    """May read."""
    return Client(app, api_key(container, "dashboard", "viewer"))


@pytest.fixture
def operator(app: Flask, container: Container) -> Client:
    """May read and write."""
    return Client(app, api_key(container, "crm", "operator"))


@pytest.fixture
def administrator(app: Flask, container: Container) -> Client:
    """May do everything."""
    return Client(app, api_key(container, "boss", "admin"))
