"""Devices with credentials: one of GOWA, one of an earlier release, and what is stored of them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from domain import device
from projections.container import Container
from projections.readmodels import devices
from projections.records import credentials
from tests.support.api.given import SECRET_KEY
from tests.support.samples import event

SECRET = "hunter2-is-secret"
PAIR = {"username": "sales", "password": SECRET}
STORED = {**PAIR, "webhook_secret": "a webhook's secret"}
URL = "https://gowa.example.com"
# The body of ``POST /devices``.
GOWA = {"name": "Sales 1", "gateway": "gowa", "settings": {"base_url": URL}, "credentials": STORED}


def kept(container: Container, device_id: str) -> dict[str, str]:
    """The credentials that are stored of the device."""
    with container.database.transaction() as connection:
        rows = {str(row.device_id): row.ciphertext for row in devices.in_service(connection)}
    return container.secrets.read(rows[device_id])


def old_device(
    container: Container,
    settings: dict[str, Any],
    secrets: dict[str, str],
    gateway: device.Gateway = "gowa",
) -> str:
    """The id of a device as an earlier release registered it, which checked neither."""
    device_id = uuid4()
    configuration = device.Configuration(name="Old", gateway=gateway, settings=settings)
    registered = event(device.DeviceRegistered, 1, of=device_id, configuration=configuration)
    with container.database.transaction() as connection:
        credentials.put(connection, device_id, secrets, SECRET_KEY, container.outreach.clock())
        container.outreach.record(connection, [registered])
    return str(device_id)
