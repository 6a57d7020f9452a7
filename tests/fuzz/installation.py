"""An installation with some of everything, in every state that matters."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from api.http.context import EXTENSION
from projections.config.settings import Settings
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import given, webhooks, when
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.support.api.given import SECRET_KEY
from tests.support.operations import quarantined

PEOPLE = 30
Ids = dict[str, list[str]]


def fill(database_url: str) -> tuple[str, Ids]:
    """Fills an empty database. Returns an admin's key, and ids by the names that parameters and
    fields have for them."""
    clock = SimulatedClock(datetime.now(UTC).replace(microsecond=0) - timedelta(days=1))
    settings = Settings(database_url=database_url, secret_key=SECRET_KEY)
    with Container(settings, clock) as container:
        app = application(container)
        assert app.extensions[EXTENSION] is container
        key = given.api_key(container, "fuzz", "admin")
        admin = Client(app, key)
        ids: Ids = defaultdict(list)
        ids["device_id"] = [
            given.device(admin, "Fails", settings={"fail_rate": 1}),
            given.device(admin, "Sends", settings={"receipts": True, "replies": 1}),
            given.device(admin, "Never asked", settings={"timeout_rate": 1}),
            given.device(admin, "Offline", online=False),
            str(webhooks.device(container, "gowa")),
            str(webhooks.device(container, "cloud")),
        ]
        for number in range(1, PEOPLE + 1):
            lead = given.lead(
                admin,
                number,
                name=f"Person {number}",
                niche=["B1", "B2"][number % 2 :],
                triggers=["COLD"] if number % 3 else ["WARM", "OTHER"],
                attributes={"city": "Johor"},
                device_id=ids["device_id"][number % 3],
            )
            ids["lead_id"].append(lead)
        for trigger in ("COLD", "WARM"):
            ids["sequence_id"].append(given.sequence(admin, trigger=trigger))
        ids["sequence_id"] += [
            given.sequence(admin, trigger=f"DRAFT{number}", active=False) for number in range(4)
        ]
        due = clock().isoformat()
        for number in range(4):
            campaign = given.campaign(admin, name=f"Offer {number}", scheduled_at=due)
            ids["campaign_id"].append(campaign)
        when.triggers(container)
        when.enrolls(container)
        when.broadcasts(container, clock)
        later = (clock() + timedelta(days=9)).isoformat()
        ids["campaign_id"] += [
            given.campaign(admin, name=f"Later {number}", scheduled_at=later) for number in range(4)
        ]
        for number in range(4):
            made = admin.create("/suppressions", {"value": given.phone(9000 + number)})
            ids["suppression_id"].append(made["id"])
            made = admin.create("/subscriptions", {"url": f"https://crm.example/{number}"})
            ids["subscription_id"].append(made["id"])
        admin.post(f"/leads/{ids['lead_id'][0]}/opt-out", {"evidence": "rang us"})
        admin.json("DELETE", f"/leads/{ids['lead_id'][1]}")
        admin.post(f"/leads/{ids['lead_id'][2]}/merge", {"with": ids["lead_id"][3]})
        for kind in ("message", "enrollment", "lead"):
            names = {"message": "/messages", "enrollment": "/enrollments", "lead": "/leads"}
            items = admin.items(names[kind], limit=20)
            ids[f"{kind}_id"] = [*ids[f"{kind}_id"], *(item["id"] for item in items)]
        quarantined(container, "lead", ids["lead_id"][4])
        quarantined(container, "message", ids["message_id"][0])
        quarantined(container, "event", ids["message_id"][1], event=7)
        ids["quarantined_id"] = [ids["lead_id"][4], *ids["message_id"][:2]]
        return key, dict(ids)
