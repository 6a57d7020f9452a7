"""Plays the day of ``tests/support/day`` in an installation, and looks at what became of it."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from projections.container import Container
from projections.rebuild.rebuild import rebuild
from tests.support import day, numbers, then
from tests.support.api.client import Client
from tests.support.day import DEEDS, Facts
from tests.support.people import Person, people
from tests.support.speech import Payload

PEOPLE = people(tuple(DEEDS))
GATEWAYS = ("cloud", "gowa")
BY_DIGITS = {digits: person for person in PEOPLE for digits in person.spellings}
Told = tuple[str, Payload]


class Installation(Protocol):
    """Where a day can be played; ``tests.support.world.World`` is one."""

    api: Client
    container: Container
    devices: dict[str, str]
    fakes: dict[str, Any]

    def at(self, hour: int, minute: int = 0) -> datetime:
        """It is that time of the day; gives the instant that it is then."""

    def hears(self, gateway: str, said: Any) -> int:
        """The provider says that; the status that it is answered with."""

    def sends(self) -> None:
        """Who shall be written to by now is."""

    def works_off(self) -> None:
        """The receiver and the reaper work until nothing is left for them."""

    def metrics(self) -> str:
        """What ``GET /metrics`` says."""


class Player:
    """Plays the day in ``world``; ``delivered`` is how much was told, ``outcomes`` how that was
    counted, ``leads`` are the ids of people by their numbers, and ``campaign`` is that of the
    news."""

    def __init__(self, world: Installation) -> None:
        self.world = world
        self.delivered = 0
        self.leads: dict[int, str] = {}
        self.order = random.Random(21)
        self.campaign = ""
        self.outcomes: Counter[str] = Counter()
        self._receipted: set[str] = set()
        for person in PEOPLE:
            for digits in person.spellings:
                world.fakes["cloud"].contacts[f"+{digits}"] = day.known_of(person)

    def plays(self, hours_between_steps: float) -> None:
        """The whole day, from before anybody is registered until the news are out."""
        before = self.counted()
        steps = [{"body": day.ONE}, {"body": day.TWO, "delay_hours": hours_between_steps}]
        given = {"name": "On COLD", "trigger": "COLD", "first_delay_minutes": 0, "steps": steps}
        sequence = self.world.api.create("/sequences", given)
        assert self.world.api.post(f"/sequences/{sequence['id']}/activate").status == 200

        now = self.world.at(8)
        known_later = [person for person in PEOPLE if person.deed == day.STRANGER]
        self.are_told(day.strangers(now))
        self.are_told((person.gateway, day.morning_of(person, now)) for person in known_later)

        self.registers(PEOPLE)
        self.writes(hour=8)

        self.are_told(self.mixed(_parts(day.first_part, self.facts(self.world.at(10)))))
        self.operators_act()
        self.are_told(self.mixed(_parts(day.second_part, self.facts(self.world.at(10, 10)))))

        self.writes(hour=13)
        news = {"name": "News", "body": day.NEWS, "scheduled_at": self.world.at(16).isoformat()}
        # At once, and to its end: on this day many opt out.
        news |= {"undo_seconds": 0, "brake": None}
        self.campaign = str(self.world.api.create("/campaigns", news)["id"])
        self.writes(hour=16)
        self.outcomes = self.counted() - before

    def are_told(self, told: Iterable[Told]) -> None:
        """Providers tell all that, in this order, and it is worked off."""
        for gateway, payload in told:
            assert self.world.hears(gateway, payload) == 200, payload
            self.delivered += 1
        self.world.works_off()

    def mixed(self, by_person: list[list[Told]]) -> list[Told]:
        """All of it in one order, in which nobody's own is changed."""
        turns = [number for number, told in enumerate(by_person) for _ in told]
        self.order.shuffle(turns)
        waiting = [iter(told) for told in by_person]
        return [next(waiting[number]) for number in turns]

    def registers(self, registered: list[Person]) -> None:
        """Every tenth is typed in, the others come in one file."""
        by_hand = [person for person in registered if person.number % 10 == 0]
        for person in by_hand:
            device = self.world.devices[person.gateway]
            body = {"phone": person.written, "name": person.name, "device_id": device}
            self.world.api.create("/leads", {**body, "triggers": ["COLD"]})
        file = io.StringIO()
        rows = csv.writer(file)
        rows.writerow(["phone", "name", "device", "triggers"])
        for person in registered:
            if person not in by_hand:
                device_name = f"Our number on {person.gateway}"
                rows.writerow([person.written, person.name, device_name, "COLD"])
        status, answer = self.world.api.csv(file.getvalue())
        assert (status, answer["rejected"]) == (200, []), answer
        assert answer["registered"] == len(registered) - len(by_hand)
        found = self.everything("/leads")
        self.leads = {int(lead["name"].removeprefix("Person ")): lead["id"] for lead in found}

    def everything(self, path: str, **query: Any) -> list[Any]:
        """All that a list of up to 500 has."""
        return self.world.api.items(path, limit=500, **query)

    def writes(self, hour: int) -> None:
        """It is past that hour: what is due is sent, and receipts of it come."""
        self.world.at(hour, 1)
        self.world.sends()
        now = self.world.at(hour, 2)
        told = []
        for gateway in GATEWAYS:
            for digits, ids in numbers.sent_ids(self.world.fakes[gateway]).items():
                for provider_id in (one for one in ids if one not in self._receipted):
                    self._receipted.add(provider_id)
                    payloads = day.receipts(BY_DIGITS[digits], provider_id, now)
                    told.append([(gateway, payload) for payload in payloads])
        self.are_told(self.mixed(told))

    def facts(self, now: datetime) -> dict[int, Facts]:
        """What is known of step 1, by the number of its person."""
        sent_at = {
            one["lead_id"]: datetime.fromisoformat(one["sent_at"] or one["queued_at"])
            for one in self.everything("/messages")
            if one["step"] == 1 and one["queued_at"]
        }
        found = {}
        for gateway in GATEWAYS:
            for digits, (provider_id, *_) in numbers.sent_ids(self.world.fakes[gateway]).items():
                number = BY_DIGITS[digits].number
                at = sent_at[self.leads[number]]
                found[number] = Facts(now, provider_id, at)
        return found

    def operators_act(self) -> None:
        for person in PEOPLE:
            if (act := day.operator(person)) is not None:
                method, path, body = act
                path = f"/leads/{self.leads[person.number]}{path}"
                answer = self.world.api.json(method, path, json=body)
                assert answer.status == 200, answer

    def counted(self) -> Counter[str]:
        return day.classes(self.world.metrics())


def _parts(part: Any, facts: dict[int, Facts]) -> list[list[Told]]:
    """What of that part of the deeds is told, by person."""
    return [
        [(person.gateway, payload) for payload in part(person, facts[person.number])]
        for person in PEOPLE
        if person.number in facts
    ]


def everybody_got_what_was_theirs(player: Player) -> None:
    """All of it, nothing after a no, nothing of somebody else's, and nothing at an old number."""
    got: dict[int, list[str]] = {person.number: [] for person in PEOPLE}
    where: dict[int, list[str]] = {person.number: [] for person in PEOPLE}
    for gateway in GATEWAYS:
        for asked in player.world.fakes[gateway].taken:
            digits = asked.phone.removeprefix("+")
            person = BY_DIGITS[digits]
            meant_for = (asked.text.partition(",")[0], gateway)
            assert meant_for == (f"Hi {person.name}", person.gateway), (asked, person)
            got[person.number].append(asked.text.rpartition(" ")[2])
            where[person.number].append(digits)
    wrong = {
        person: got[person.number]
        for person in PEOPLE
        if tuple(got[person.number]) != day.gets(person)
    }
    assert wrong == {}, wrong
    assert Counter(text for texts in got.values() for text in texts) == day.WRITTEN
    for person in PEOPLE:
        moved = [digits == person.moved_to for digits in where[person.number]]
        if person.deed == "has a new number":
            assert moved == [False, True, True], person
        else:
            assert not any(moved), person


def everybody_was_heard(player: Player) -> None:
    """Who said no is out, nobody else is, and the report says so."""
    leads = {lead["id"]: lead for lead in player.everything("/leads")}
    misheard = [
        person
        for person in PEOPLE
        if leads[player.leads[person.number]]["opted_out"] is not DEEDS[person.deed].out
    ]
    assert misheard == [], misheard
    assert sum(lead["opted_out"] for lead in leads.values()) == day.OUT
    assert sum(bool(lead["unreachable"]) for lead in leads.values()) == day.UNREACHABLE
    report = player.world.api.get(f"/reports/campaigns/{player.campaign}").json
    assert report["audience"] == sum(report["by_status"].values()) == day.WRITTEN["news"]
    assert report["excluded"] == {"opted_out": day.OUT, "unreachable": day.UNREACHABLE}, report


def all_is_accounted_for(player: Player, *, at_once: int = 0) -> None:
    """The sums are those of the day, and together they are all that was told. Where hours are a
    moment, ``at_once`` more replies say the same within ten minutes."""
    assert player.outcomes == {
        "attributed": day.ATTRIBUTED - at_once,
        "unattributed": day.UNATTRIBUTED,
        "ignored": day.IGNORED,
        "repeated": day.REPEATED + at_once,
        "receipt": day.RECEIPTS,
    }, player.outcomes
    assert player.outcomes.total() == player.delivered
    # Strangers are listed with their words, and those who said no with their addresses.
    asked = {item["text"] for item in player.everything("/replies", attributed="false")}
    assert {f"Who gave you my number? {number}" for number in range(0, day.STRANGERS, 2)} <= asked
    suppressed = {item["value"] for item in player.everything("/suppressions")}
    strangers = {value for value in suppressed if value.startswith(("MY.999", "999"))}
    assert len(strangers) == day.STRANGERS


def it_proves_itself(player: Player) -> None:
    """The views are what the events say, and no stream has a gap."""
    assert not any(rebuild(player.world.container.database).values())
    assert then.gaps(player.world.container) == []
