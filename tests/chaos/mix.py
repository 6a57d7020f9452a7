"""What campaigns can do, in one of them, and what people do beside it: a segment, a consent,
variants with a hold-out group, a time to undo, a brake; a campaign that is called back, a sequence
that branches, tests, and a text for one person. What each promises is in ``faults``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from time import monotonic, time
from typing import Any
from uuid import UUID

import msgspec

from domain.campaign.variants import Groups, Variant
from domain.content import Content
from projections.database.engine import rows
from tests.support import then
from tests.support.api.given import phone
from tests.support.gateways.fake_gowa import Asked
from tests.support.office import Office

UNDO_SECONDS = 2
HOLD_OUT = 0.2
VARIANTS = (
    Variant(name="a", body="Offer A", share=0.4),
    Variant(name="b", body="Offer B", share=0.4),
)
PURPOSE = "marketing"
# Of ten people so many agreed and are in the segment, agreed elsewhere, or are there and did not.
AGREED_HERE, AGREED_ELSEWHERE = 8, 1
FORK = ("Fork", "She read it", "She did not read it")
COMPOSED, MISTAKE = "Only for you", "Wrong price"
# Phones that tests go to, which are no leads'.
TESTS = 2
FIRST_TEST = 9_000_001
# By so many seconds one clock of a machine may drift from another.
CLOCKS = 0.05
# Answers of a database that is away, or of a state that another command has changed.
AWAY = (503, 409)


class Mix:
    """``called_back`` is the campaign that is a mistake, ``special`` the one that can do it all.
    Where the database may go back a campaign may start twice, so that nothing is said of its
    ``undo``."""

    def __init__(self, office: Office, *, undo: bool = True) -> None:
        self.office = office
        self.undo = undo
        self.special: UUID | None = None
        self.called_back: UUID | None = None
        self.tests = {phone(FIRST_TEST + number)[1:]: False for number in range(TESTS)}
        self._groups: Groups | None = None

    def people(self, count: int) -> None:
        """Imports leads that have the trigger COLD."""
        agreed = {"consent_purpose": PURPOSE, "consent_source": "form", "consent_words": "yes"}
        here, elsewhere = count * AGREED_HERE // 10, count * AGREED_ELSEWHERE // 10
        self.office.leads(here, triggers="COLD", city="Ipoh", **agreed)
        self._fork()
        triggers = "COLD|FORK"
        self.office.leads(elsewhere, first=here + 1, triggers=triggers, city="Taiping", **agreed)
        self.forked = elsewhere * len(FORK)
        rest = count - here - elsewhere
        self.office.leads(rest, first=count - rest + 1, triggers="COLD", city="Ipoh")
        self._invited = {phone(number)[1:] for number in range(1, here + 1)}

    def _fork(self) -> None:
        """A sequence that branches: nobody reads its first step, so that nobody gets the second."""
        steps: list[dict[str, Any]] = [{"body": body, "delay_hours": 0} for body in FORK]
        steps[0]["branches"] = [{"when": "not_read", "within_hours": 1 / 3600, "then": 3}]
        made = self.office.api.create(
            "/sequences",
            {"name": "Fork", "trigger": "FORK", "first_delay_minutes": 0, "steps": steps},
        )
        self._fork_id = UUID(made["id"])
        self.office.api.post(f"/sequences/{made['id']}/activate")

    def fields(self) -> dict[str, Any]:
        """What the special campaign is made of, beside name and time."""
        return {
            "variants": [msgspec.structs.asdict(each) for each in VARIANTS],
            "hold_out": HOLD_OUT,
            "segment_id": self._segment("Ipoh"),
            "requires_consent": PURPOSE,
            "undo_seconds": UNDO_SECONDS,
            # It pauses itself again and again, and somebody lets it go on.
            "brake": {"failures": 0.005, "opt_outs": None, "at_least": 20},
        }

    def begin(self, special: str) -> int:
        """The id of the special campaign is known: how many get it."""
        self.special = UUID(special)
        self._groups = Groups(self.special, Content(content_id=":0", body=""), VARIANTS, HOLD_OUT)
        return sum(
            self.body(self.special, row.lead_id) is not None
            for row in self._leads()
            if row.phone[1:] in self._invited
        )

    def _segment(self, city: str) -> str:
        where = {"field": "attribute.city", "op": "eq", "value": city}
        return str(self.office.api.create("/segments", {"name": city, "all": [where]})["id"])

    def make_mistake(self) -> None:
        """A campaign that somebody will call back."""
        body = {"name": MISTAKE, "body": MISTAKE, "scheduled_at": "2026-01-01T09:00Z"}
        more = {"segment_id": self._segment("Taiping"), "undo_seconds": 600}
        self.called_back = UUID(self.office.api.create("/campaigns", {**body, **more})["id"])

    def write_to_one(self) -> None:
        """A text for the first person alone."""
        (row, *_) = self._leads()
        self.office.api.create(f"/leads/{row.lead_id}/messages", {"body": COMPOSED})

    def act(self) -> None:
        """What people do now and then: call the mistake back when it has started, let a campaign
        go on that has paused itself, and send a test of the special one."""
        with self.office.container.database.transaction() as connection:
            found = rows(
                connection, "SELECT campaign_id, status, triggered_at FROM campaigns ORDER BY 1"
            )
        for row in found:
            over = row.status in ("cancelled", "finished")
            if row.campaign_id == self.called_back and row.triggered_at is not None and not over:
                self._post(f"/campaigns/{row.campaign_id}/cancel")
            elif row.status == "paused":
                self._post(f"/campaigns/{row.campaign_id}/resume")
        for to, is_sent in self.tests.items():
            if self.special is not None and not is_sent:
                self.tests[to] = True
                (person, *_) = self._leads()
                body = {"to": f"+{to}", "lead_id": str(person.lead_id)}
                self._post(f"/campaigns/{self.special}/test", body)
                break

    def _post(self, path: str, body: Any = None) -> None:
        answer = self.office.api.post(path, body)
        assert answer.status in (200, *AWAY), answer

    def _leads(self) -> list[Any]:
        return then.table(self.office.container, "leads", "phone")

    def body(self, campaign_id: UUID | None, lead_id: UUID) -> str | None:
        """What the lead gets of the special campaign; None if it is held out, or it is another."""
        if campaign_id != self.special or self._groups is None:
            return None
        found = self._groups.content(lead_id)
        return None if found is None else found.body

    def faults(self, log: Mapping[UUID, list[Asked]]) -> Iterator[str]:
        """What is wrong with it, by the gateway's log of each message."""
        phones = {row.lead_id: (row.phone or " ")[1:] for row in self._leads()}
        for row in then.messages(self.office.container):
            asked = log.get(row.message_id, [])
            if row.campaign_id == self.called_back and (asked or row.status != "cancelled"):
                yield f"{row.message_id} was called back, and is {row.status}"
            is_unread = row.sequence_id == self._fork_id and row.step == 2
            if is_unread and (asked or row.reason != "branch_not_taken"):
                yield f"{row.message_id} is of a branch that was not taken, and is {row.status}"
            if row.campaign_id is None or row.campaign_id != self.special:
                continue
            if self.body(self.special, row.lead_id) is None:
                yield f"{row.message_id} is to somebody who is held out"
            if phones[row.lead_id] not in self._invited:
                yield f"{row.message_id} is to somebody outside the segment, or without a consent"
        decided = Counter(
            event.originator_id
            for event in then.events(self.office.container, "enrollment.branched")
        )
        if set(decided.values()) != {1} or len(decided) != self.forked // len(FORK):
            yield f"branches were decided so often: {sorted(decided.values())}"
        yield from self._too_early(log)
        times = Counter(asked.phone for asked in self.office.gowa.asked)
        for number, to in enumerate(self.tests, start=1):
            if times[to] > 1:
                yield f"test {number} was sent {times[to]} times"

    def _too_early(self, log: Mapping[UUID, list[Asked]]) -> Iterator[str]:
        """What arrived while it could still be called back."""
        began = then.events(self.office.container, "campaign.triggered")
        until = {event.originator_id: event.undo_until for event in began if event.undo_until}
        ahead = time() - monotonic()
        for row in then.messages(self.office.container) if self.undo else ():
            if row.campaign_id in until:
                end = until[row.campaign_id].timestamp()
                for asked in log.get(row.message_id, []):
                    if asked.arrived + ahead < end - CLOCKS:
                        yield f"{row.message_id} arrived {end - asked.arrived - ahead:.3f} s early"
