"""Where people ask what messages wait for: an office with runner processes, on a clock that is
moved."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from tests.support import given, processes, then
from tests.support.api.given import phone
from tests.support.gateways.fake_gowa import Asked, Behaviour
from tests.support.office import Office
from tests.support.samples import utc
from tests.support.shared_clock import SharedClock

# What a person may have in a day.
CAP = 2


class Desk:
    """Where people ask, in an office whose clock they move. ``trouble`` says what the gateway
    answers for a device. ``promised`` are the instants that were told, by the ids of messages."""

    def __init__(self, office: Office, clock: SharedClock) -> None:
        self.office, self.clock, self.api = office, clock, office.api
        self.trouble: dict[str, Behaviour] = {}
        self.promised: dict[str, datetime] = {}
        office.gowa.behave = self._behave
        given.settings(office.container, lead_daily_cap=CAP)

    def _behave(self, asked: Asked) -> Behaviour:
        return self.trouble.get(asked.device, Behaviour())

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """All runners, as a process of their own."""
        with self.office.running(lead_daily_cap=CAP) as runners:
            runners.says("runners.started")
            yield
            assert runners.ends(signal.SIGTERM) == 0, runners.lines

    def at(self, hour: int, minute: int = 0, day: int = 2) -> None:
        """It is that time; nothing was on its way when the clock was moved."""
        self.soon(lambda: not {"processing", "queued"} & set(self.office.counts()))
        self.clock.move_to(utc(2026, 3, day, hour, minute))

    def soon(self, condition: Any) -> Any:
        """Lets the runners work while a little time goes by, until that is so."""

        def is_so() -> Any:
            self.clock.advance(seconds=0.05)
            return condition()

        return then.soon(is_so, 60)

    def loses_session(self, name: str, device: str) -> None:
        """The phone of that name does, and the monitor notices at this instant."""
        self.office.gowa.devices[name] = "disconnected"
        then.soon(lambda: self.api.get(f"/devices/{device}").json["status"] == "offline")

    def leads(self, device: str, *numbers: int, **columns: object) -> None:
        """New ones, who have that device and are a niche of their own."""
        for number in numbers:
            niche = f"{device} {numbers[0]}"
            self.office.leads(
                1, first=number, device=device, niche=niche, timezone="UTC", **columns
            )

    def sequence(self, trigger: str, *delays: int, **fields: Any) -> str:
        """The id of a new one with a step for each of these delays, in hours."""
        steps = [{"body": "Hi", "delay_hours": hours} for hours in delays]
        made = self.api.create(
            "/sequences", {"name": trigger, "trigger": trigger, "steps": steps, **fields}
        )
        assert self.api.post(f"/sequences/{made['id']}/activate").status == 200
        return str(made["id"])

    def pending(self, number: int) -> list[Any]:
        """What is pending to that lead."""
        (lead,) = self.api.items("/leads", phone=phone(number))
        return self.api.items("/messages", lead_id=lead["id"], status="pending")

    def sent(self, number: int) -> list[Any]:
        (lead,) = self.api.items("/leads", phone=phone(number))
        return self.api.items("/messages", lead_id=lead["id"], status="sent")

    def is_told(self, number: int, reason: str, until: datetime | None, story: str) -> None:
        """Whoever asks why the one message to that lead is pending; ``until`` is to the minute."""

        def waits() -> Any:
            found = self.pending(number)
            reasons = [each["waits_for"]["reason"] for each in found]
            return found[0] if reasons == [reason] else None

        message = self.soon(waits)
        answer = self.asks(message)
        assert answer["waits_for"] == message["waits_for"]
        assert story in answer["story"]
        if until is None:
            assert message["waits_for"]["until"] is None
        else:
            told = datetime.fromisoformat(message["waits_for"]["until"])
            assert told.replace(second=0, microsecond=0) == until
            self.promised[message["id"]] = told

    def asks(self, message: Any) -> Any:
        """What is answered to the question why she did not get it."""
        owner = "campaign_id" if message["campaign_id"] else "sequence_id"
        about = {"lead_id": message["lead_id"], owner: message[owner]}
        return self.api.get("/audit/why-not", **about).json

    def status(self) -> list[str]:
        """What ``sendtrail status`` says of what waits."""
        result = processes.sendtrail("status", **self.office.settings)
        assert (result.returncode, result.stderr) == (0, ""), result
        return [line for line in result.stdout.splitlines() if " wait for " in line]
