"""Given: one of everything, so that no path of the API leads to nothing."""

from __future__ import annotations

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given as somebody_gives
from tests.support.api import given, when
from tests.support.api.client import Client
from tests.support.operations import quarantined

# What nobody may see, and what no viewer may see.
PASSWORD = "one-of-each-p4ssword"
SUPPRESSED = "+60129990001"


def one_of_each(container: Container, clock: SimulatedClock, admin: Client) -> dict[str, str]:
    """The id of one of each, by the name of its parameter in a path. A campaign and a sequence were
    sent to a lead and failed; a lead and its messages are in quarantine."""
    device_id = given.device(admin, settings={"fail_rate": 1})
    login = {"username": "us", "password": PASSWORD, "webhook_secret": PASSWORD}
    given.device(admin, "Gowa", online=False, gateway="gowa", credentials=login)
    lead_id = given.lead(admin, name="Aisyah", triggers=["COLD"])
    agreed = {"purpose": "marketing", "source": "form", "words": "I agree to offers"}
    admin.create(f"/leads/{lead_id}/consents", agreed)
    sequence_id = given.sequence(admin)
    campaign_id = str(somebody_gives.campaign(container))
    draft = {"name": "April offer", "body": "Hello {name|there}", "draft": True}
    draft_id = admin.create("/campaigns", draft)["id"]
    suppression = admin.create("/suppressions", {"value": SUPPRESSED, "evidence": "rang us"})
    city = {"field": "attribute.city", "op": "eq", "value": "Ipoh"}
    segment = admin.create("/segments", {"name": "Ipoh", "all": [city]})
    subscription = admin.create("/subscriptions", {"url": "https://crm.example/hook"})
    key = admin.create("/keys", {"name": "dashboard", "role": "viewer"})
    when.triggers(container)
    when.enrolls(container)
    when.broadcasts(container, clock)
    (message,) = admin.items("/messages", status="failed", campaign_id=campaign_id)
    (enrollment,) = admin.items("/enrollments")
    quarantined(container, "lead", lead_id)
    return {
        "device_id": device_id,
        "lead_id": lead_id,
        "sequence_id": sequence_id,
        "campaign_id": campaign_id,
        "draft_id": draft_id,
        "message_id": message["id"],
        "enrollment_id": enrollment["id"],
        "suppression_id": suppression["id"],
        "segment_id": segment["id"],
        "subscription_id": subscription["id"],
        "quarantined_id": lead_id,
        "name": key["name"],
        "number": "1",
        "gateway": "gowa",
        "trigger": "COLD",
        "purpose": "marketing",
    }
