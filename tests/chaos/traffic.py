"""What is sent while processes or servers die: a sequence, campaigns, what people do beside them
(``mix``), an unreliable gateway."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from uuid import UUID, uuid4

from projections.database.engine import rows
from tests.chaos.mix import AWAY, Mix
from tests.support import then
from tests.support.gateways.fake_gowa import Asked, Behaviour, Kind
from tests.support.office import Office

# What the gateway does with a request, by shares of a hundred.
MANNERS: dict[Kind, float] = {
    "accept": 90.0,
    "throttle": 2.0,
    "busy": 2.0,
    "reject": 1.5,
    "error": 1.5,
    "drop": 1.5,
    "garbage": 1.0,
    "hang": 0.5,
}
SETTINGS: dict[str, object] = {"lease_seconds": 3, "gateway_timeout": 4, "max_attempts": 10}


class Traffic:
    """Leads in a sequence of ``steps`` steps that are due at once; campaigns are added.

    ``pauses`` are the devices with their pauses in seconds. Everything random comes from
    ``chance``. ``answer_seconds`` is what the gateway takes on average. ``scheduled`` is how many
    messages there are to be, without those of the campaign that is called back. ``undo``: whether a
    campaign starts once.
    """

    def __init__(
        self,
        office: Office,
        chance: random.Random,
        leads: int,
        pauses: Mapping[str, float],
        *,
        steps: int = 3,
        deferrals: bool = True,
        answer_seconds: float = 0.03,
        undo: bool = True,
    ) -> None:
        self.office = office
        self.pauses = pauses
        # One is the text for one person.
        self.scheduled = steps * leads + 1
        self.mix = Mix(office, undo=undo)
        self._leads = leads
        self._manners = {
            kind: share
            for kind, share in MANNERS.items()
            if deferrals or kind not in ("throttle", "busy")
        }
        self._answer_seconds = answer_seconds
        self._times: Counter[tuple[str, str]] = Counter()
        self._seed = chance.random()
        office.gowa.behave = self._behave
        for name, pause in pauses.items():
            office.device(name, (pause, 2 * pause))
        texts = [{"body": f"Step {n}", "delay_hours": 0} for n in range(1, steps + 1)]
        sequence = office.api.create(
            "/sequences",
            {"name": "Cold", "trigger": "COLD", "first_delay_minutes": 0, "steps": texts},
        )
        office.api.post(f"/sequences/{sequence['id']}/activate")
        self.mix.people(leads)
        self.scheduled += self.mix.forked
        self.mix.make_mistake()
        self.mix.write_to_one()

    def add_campaign(self, name: str, *, special: bool = False) -> None:
        """A campaign, due at once, for everybody, or the ``special`` one. While the database is
        away the client asks again with the same key, as the API's documentation says."""
        body = {"name": name, "body": f"Campaign {name}", "scheduled_at": "2026-01-01T09:00Z"}
        if special:
            body = {"name": name, "scheduled_at": body["scheduled_at"], **self.mix.fields()}
        key = str(uuid4())

        def made() -> str | None:
            answer = self.office.api.post("/campaigns", body, idempotency_key=key)
            assert answer.status in (201, *AWAY), answer
            return str(answer.json["id"]) if answer.status == 201 else None

        campaign_id = then.soon(made, 120)
        assert campaign_id is not None
        self.scheduled += self.mix.begin(campaign_id) if special else self._leads

    def is_done(self) -> bool:
        """Whether every message has ended. An operator resolves unknown ones meanwhile, and does
        what else there is to do."""
        self.resolve()
        self.mix.act()
        if not self.office.is_done():
            return False
        with self.office.container.database.transaction() as connection:
            ((count,),) = rows(
                connection,
                "SELECT count(*) FROM broadcast_messages WHERE campaign_id IS DISTINCT FROM %(id)s",
                id=self.mix.called_back,
            )
        return bool(count == self.scheduled)

    def resolve(self) -> None:
        """An operator has some of the unknown ones sent again, and says of none twice."""
        with self.office.container.database.transaction() as connection:
            found = rows(
                connection,
                "SELECT message_id FROM broadcast_messages WHERE status = 'unknown'"
                " AND retry_at IS NULL AND get_byte(uuid_send(message_id), 15) < 64 LIMIT 5",
            )
        for row in found:
            self._retry(row.message_id)

    def _retry(self, message_id: UUID) -> None:
        answer = self.office.api.post(
            f"/messages/{message_id}/resolve",
            {"resolution": "retried", "reason": "asked on the phone: nothing arrived"},
        )
        assert answer.status in (200, *AWAY), answer

    def _behave(self, asked: Asked) -> Behaviour:
        """The same for the same try of the same message in every run with that seed."""
        if asked.phone in self.mix.tests:
            return Behaviour()
        key = (asked.phone, asked.text)
        self._times[key] += 1
        own = random.Random(f"{self._seed}:{key}:{self._times[key]}")
        (kind,) = own.choices(list(self._manners), weights=list(self._manners.values()))
        return Behaviour(kind, own.expovariate(1 / self._answer_seconds), retry_after=1)
