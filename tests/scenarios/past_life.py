"""The life of one person in a running office: everything that may keep anything of her."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID, uuid4

from projections.container import Container
from projections.database.engine import rows
from projections.records import quarantine
from tests.runners.gateways.providers import PROVIDERS
from tests.support import heard, spreadsheets, then
from tests.support.api import webhooks
from tests.support.api.given import api_key
from tests.support.gateways.fakes import Behaviour, Fake, serving
from tests.support.homes import opened
from tests.support.processes import Child, running, sendtrail
from tests.support.serve import Server
from tests.support.serve import serving as web
from tests.support.traces import Wanted, gets, names, spellings

PHONE, FORMER = "+60197654821", "+60187651234"
NAME, STREET = "Zenobia Quillfeather", "Lorong Kembang Sepatu 77"
WORDS = "tell Bartholomew that I moved"
LID = "251556360000035@lid"
BODY = "Dear {name}, greetings to {street}"
SECRETS = {
    "phone": spellings(PHONE, 9),
    "former phone": spellings(FORMER, 9),
    "name": names(NAME),
    "street": [STREET],
    "words": [WORDS, "Bartholomew"],
    "lid": [LID],
    "text": [BODY.format(name=NAME, street=STREET)],
}
INTERVALS: dict[str, object] = {
    "enroll_every": 0.2,
    "campaign_every": 0.2,
    "broadcast_every": 0.2,
    "receive_every": 0.2,
    "notary_every": 0.5,
}


class Reply(NamedTuple):
    status: int
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Life:
    """An office on a server of its own in ``home``, with ``serve`` and ``run`` as processes."""

    def __init__(self, home: Path, container: Container, web: Server, run: Child) -> None:
        self.home, self.container, self.web, self.run = home, container, web, run
        self.key = api_key(container, "boss", "admin")
        self.fakes: dict[str, Fake] = {}
        self.devices: dict[str, str] = {}
        self.wanted = Wanted(SECRETS, container.outreach.namespace)
        self.lead = ""

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        **headers: str,
    ) -> Reply:
        """Over HTTP, with an administrator's key."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers |= {"Authorization": f"Bearer {self.key}", "Content-Type": content_type}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = HTTPConnection("127.0.0.1", self.web.port, timeout=60)
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            return Reply(response.status, response.read().decode())
        finally:
            connection.close()

    def api(self, method: str, path: str, body: Any = None, **more: str) -> Any:
        """The JSON of an answer that is no error."""
        answer = self.ask(method, f"/api/v1{path}", body, **more)
        assert answer.status < 300, answer
        return answer.json

    def hears(self, gateway: str, said: Any) -> None:
        """The provider's webhook, which is recorded."""
        body = json.dumps(said).encode()
        path = f"/webhooks/{gateway}/{self.devices[gateway]}"
        answer = self.ask("POST", path, body, **webhooks.signature(body))
        assert answer.status == 200, answer
        then.soon(lambda: not self.query("SELECT FROM inbound WHERE due_at < now()"))

    def query(self, statement: str) -> list[Any]:
        with self.container.database.engine.connect() as connection:
            return rows(connection, statement)

    # What happens to her

    def is_lived(self) -> None:
        """From the first word to the last number."""
        for gateway, fake in self.fakes.items():
            self._device(gateway, fake)
        first = self.devices["gowa"]
        self.hears("gowa", webhooks.reply("gowa", FORMER, f"who is this? {WORDS}", "in.0"))
        refused = {"url": "http://127.0.0.1:9/hook"}
        self.api("POST", "/subscriptions", refused)
        known = {"phone": FORMER, "name": NAME, "triggers": ["COLD"], "device_id": first}
        key = f"{FORMER} {NAME}"
        self.lead = self.api("POST", "/leads", known, Idempotency_Key=key)["id"]
        assert self.ask("POST", "/api/v1/leads", known, Idempotency_Key=f"2 {key}").status == 409
        self._imports()
        steps = [{"body": BODY}, {"body": BODY}]
        made = self.api(
            "POST", "/sequences", {"name": "On COLD", "trigger": "COLD", "steps": steps}
        )
        self.api("POST", f"/sequences/{made['id']}/activate")
        for gateway in self.fakes:
            self._is_written_to(gateway)
        self._moves()
        self._is_kept_beside()

    def _device(self, gateway: str, fake: Fake) -> None:
        provider = PROVIDERS[gateway]
        secret = {"app_secret" if gateway == "cloud" else "webhook_secret": webhooks.SECRET}
        made = self.api(
            "POST",
            "/devices",
            {
                "name": f"Sales on {gateway}",
                "gateway": gateway,
                "settings": {**provider.settings, "base_url": fake.url},
                "credentials": {**provider.credentials, **secret},
                "min_delay_seconds": 0,
                "max_delay_seconds": 0,
            },
        )
        self.devices[gateway] = made["id"]
        self.api("POST", f"/devices/{made['id']}/connect")

    def _imports(self) -> None:
        rows = [["phone", "name", "street"], [FORMER, NAME, STREET], ["+60198880000", "B", "X"]]
        text = "\n".join(",".join(row) for row in rows).encode()
        for kind, file in (("text/csv", text), (spreadsheets.TYPE, spreadsheets.xlsx(rows))):
            path = "/leads/import?update=true"
            done = self.api("POST", path, file, content_type=kind, Idempotency_Key=f"{kind} {NAME}")
            assert (done["rejected"], done["known"]) == ([], 0)

    def _is_written_to(self, gateway: str) -> None:
        """By a campaign through that gateway, which refuses it at first; she answers."""
        self.api("PATCH", f"/leads/{self.lead}", {"device_id": self.devices[gateway]})
        refusal = Behaviour(
            "reject",
            code=131047 if gateway == "cloud" else None,
            status=400 if gateway in ("gowa", "cloud") else 200,
            words=f"{NAME} {{phone}} is not to be had",
        )
        self.fakes[gateway].behave = lambda asked: refusal
        campaign = {"name": f"By {gateway}", "body": BODY, "scheduled_at": "2026-01-01T00:00Z"}
        made = self.api("POST", "/campaigns", campaign)["id"]
        where = f"campaign_id = '{made}' AND lead_id = '{self.lead}'"
        query = f"SELECT message_id, status, provider_id FROM broadcast_messages WHERE {where}"
        then.soon(lambda: [r for r in self.query(query) if r.status in ("failed", "unknown")], 60)
        self.fakes[gateway].behave = lambda asked: Behaviour()
        (message,) = self.query(query)
        if message.status == "failed":
            path = f"/messages/{message.message_id}/retry"
            self.api("POST", path, {}, Idempotency_Key=f"again {gateway} {FORMER}")
            then.soon(lambda: [r for r in self.query(query) if r.status == "sent"], 60)
        for text in (WORDS, f"{NAME} says {WORDS}"):
            self.hears(gateway, self._says(gateway, text))

    def _says(self, gateway: str, text: str) -> Any:
        named: dict[str, Any] = {}
        inside = b"\x1d\x0c" + FORMER[1:].encode() + text.encode()
        provider_id = f"wamid.{base64.b64encode(inside).decode()}" if gateway == "cloud" else ""
        if gateway == "gowa":
            named = {"from_lid": LID, "from_name": NAME}
            provider_id = f"3EB0{abs(hash(text)):X}"
        said = webhooks.reply(gateway, FORMER, text, provider_id, **named)
        if gateway == "cloud":
            value = said["entry"][0]["changes"][0]["value"]
            value["contacts"] = [{"wa_id": FORMER[1:], "profile": {"name": NAME}}]
            value["metadata"] = {"phone_number_id": PROVIDERS["cloud"].settings["phone_number_id"]}
        return said

    def _moves(self) -> None:
        """She says no and yes, and has another number; somebody noted the number besides."""
        lead = f"/leads/{self.lead}"
        self.api("POST", f"{lead}/opt-out", {"evidence": f"rang: {WORDS}"}, Idempotency_Key="out")
        self.api("POST", f"{lead}/opt-in", {"evidence": f"wrote: {WORDS}"}, Idempotency_Key="in")
        self.api("PATCH", lead, {"phone": PHONE, "evidence": f"a letter: {WORDS}"})
        noted = {"value": PHONE, "evidence": WORDS}
        self.api("POST", "/suppressions", noted, Idempotency_Key=f"no {PHONE}")
        self.api("POST", f"{lead}/opt-in", {"evidence": WORDS}, Idempotency_Key=f"yes {PHONE}")
        self.api("POST", "/suppressions", {"value": FORMER, "evidence": WORDS})
        vip = {"field": "trigger", "op": "eq", "value": "VIP"}
        self.api("POST", "/segments", {"name": "VIP", "all": [vip]})
        self.api("POST", f"{lead}/triggers", {"trigger": "VIP"}, Idempotency_Key=PHONE)

    def _is_kept_beside(self) -> None:
        """What waits in the inbox, what was put aside, a copy of all tables, a test by hand."""
        now, later = self.container.outreach.clock(), timedelta(days=1)
        with self.container.database.transaction() as connection:
            for gateway in ("gowa", "cloud", "wablas", "whacenter"):
                device, item = UUID(self.devices[gateway]), uuid4()
                said = json.dumps(webhooks.reply(gateway, PHONE, WORDS, "in.late")).encode()
                heard.keeps(connection, item, gateway, device, said, now + later)
                if gateway == "wablas":
                    aside = quarantine.Aside(
                        kind="inbound", id=item, runner="receiver", reason="KeyError at x.py:1"
                    )
                    quarantine.put(connection, [aside], now)
        tested = self.command("devices", "test", "Sales on cloud", "--to", PHONE, "--text", NAME)
        assert "accepted" in tested
        self.command("replay", "--until", "2100-01-01T00:00Z", "--into", "copy")
        with self.container.database.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")

    def command(self, *arguments: object) -> str:
        """What a command says in the end."""
        done = sendtrail(*arguments, home=self.home)
        assert done.returncode == 0, done
        return done.stdout + done.stderr

    # What is left of her

    def answers(self) -> Iterator[tuple[str, bytes, int]]:
        """Every GET of the API's description, with every id that there is of hers; its status."""
        description = self.ask("GET", "/openapi.json").json
        ids = {
            "lead_id": [self.lead],
            "message_id": self._ids("message_id", "broadcast_messages"),
            "enrollment_id": self._ids("enrollment_id", "enrollments"),
            "campaign_id": self._ids("campaign_id", "campaigns"),
            "sequence_id": self._ids("sequence_id", "sequences"),
            "device_id": list(self.devices.values()),
            "subscription_id": self._ids("subscription_id", "subscriptions"),
            "segment_id": self._ids("segment_id", "segments"),
        }
        campaigns = [{"lead_id": self.lead, "campaign_id": id_} for id_ in ids["campaign_id"]]
        sequences = [{"lead_id": self.lead, "sequence_id": id_} for id_ in ids["sequence_id"]]
        asked = {
            "/api/v1/audit/why-not": [*campaigns, *sequences],
            "/api/v1/leads": [{}, {"phone": PHONE}, {"phone": FORMER}],
            "/api/v1/audit/events": [{"limit": 500}],
        }
        for path in gets(description):
            filled = [path]
            for name, values in ids.items():
                parts = [each for each in filled if f"{{{name}}}" in each]
                filled = [each for each in filled if each not in parts]
                filled += [each.replace(f"{{{name}}}", id_) for each in parts for id_ in values]
            assert not any("{" in each for each in filled), path
            for each in filled:
                for query in asked.get(path, [{}]):
                    answer = self.ask("GET", f"{each}?{urlencode(query)}")
                    yield path, answer.text.encode(), answer.status

    def _ids(self, column: str, table: str) -> list[str]:
        where = f"WHERE lead_id = '{self.lead}'" if column.startswith(("message", "enroll")) else ""
        return [str(row[0]) for row in self.query(f"SELECT {column} FROM {table} {where}")]


@contextmanager
def office(home: Path) -> Iterator[Life]:
    """An office with nobody in it yet, and a server for each gateway."""
    with ExitStack() as stack:
        container = stack.enter_context(opened(home))
        server = stack.enter_context(web(None, home))
        run = stack.enter_context(running("run", home=home, **INTERVALS))
        life = Life(home, container, server, run)
        for gateway in webhooks.GATEWAYS:
            life.fakes[gateway] = stack.enter_context(serving(PROVIDERS[gateway].server()))
        yield life
