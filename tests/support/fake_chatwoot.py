"""A Chatwoot server on this machine: contacts, conversations and messages of one account, as its
application API has them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "agent-t0ken"
ACCOUNT, INBOX = 3, 7


class FakeChatwoot:
    """``contacts`` and ``messages`` are what it has; ``conversations`` are the contacts of each.
    ``answers`` are statuses that it answers with, each once, in the place of doing anything."""

    def __init__(self) -> None:
        self.contacts: list[dict[str, Any]] = []
        self.conversations: dict[int, int] = {}
        self.messages: list[tuple[int, str]] = []
        self.asked: list[str] = []
        self.answers: list[int] = []
        self.url = ""

    def made_by_hand(self, name: str, phone: str) -> int:
        """A contact that somebody made there."""
        self.contacts.append({"id": 100 + len(self.contacts), "name": name, "phone_number": phone})
        return int(self.contacts[-1]["id"])

    def answer(self, method: str, target: str, token: str, body: Any) -> tuple[int, Any]:
        """Its status and JSON."""
        parts = urlsplit(target)
        path = parts.path.removeprefix(f"/api/v1/accounts/{ACCOUNT}/")
        self.asked.append(f"{method} {path}")
        if self.answers:
            return self.answers.pop(0), {"error": "so it was told"}
        if token != TOKEN or path == parts.path:
            return 401, {"error": "Invalid Access Token"}
        if (method, path) == ("GET", "contacts/search"):
            (wanted,) = parse_qs(parts.query)["q"]
            found = [each for each in self.contacts if wanted in each["phone_number"]]
            return 200, {"meta": {"count": len(found)}, "payload": found}
        if (method, path) == ("POST", "contacts"):
            if any(each["phone_number"] == body["phone_number"] for each in self.contacts):
                return 422, {"message": "Phone number has already been taken"}
            self.contacts.append({"id": 100 + len(self.contacts), **body})
            return 200, {"payload": {"contact": self.contacts[-1], "contact_inbox": {}}}
        if (method, path) == ("POST", "conversations"):
            assert body["inbox_id"] == INBOX, body
            number = 200 + len(self.conversations)
            self.conversations[number] = body["contact_id"]
            return 200, {"id": number, "account_id": ACCOUNT, "inbox_id": INBOX}
        if match := re.fullmatch(r"conversations/(\d+)/messages", path):
            if int(match[1]) not in self.conversations:
                return 404, {"error": "Resource could not be found"}
            assert (body["message_type"], body["private"]) == ("incoming", False), body
            self.messages.append((int(match[1]), body["content"]))
            return 200, {"id": 300 + len(self.messages), "content": body["content"]}
        return 404, {"error": "no such path"}


def typed(text: str, conversation: int, number: int = 500, **more: Any) -> dict[str, Any]:
    """What Chatwoot tells when an agent typed ``text``."""
    return {
        "event": "message_created",
        "id": number,
        "content": text,
        "message_type": "outgoing",
        "content_type": "text",
        "private": False,
        "created_at": "2026-03-02T08:00:00.000Z",
        "sender": {"id": 1, "name": "Agent", "type": "user"},
        "conversation": {"id": conversation, "inbox_id": INBOX, "status": "open"},
        "account": {"id": ACCOUNT, "name": "Acme"},
        "inbox": {"id": INBOX, "name": "WhatsApp"},
        **more,
    }


@contextmanager
def chatting() -> Iterator[FakeChatwoot]:
    """A server on a port of loopback until the block ends."""
    fake = FakeChatwoot()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET", None)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer("POST", json.loads(body))

        def _answer(self, method: str, body: Any) -> None:
            token = self.headers.get("api_access_token", "")
            status, found = fake.answer(method, self.path, token, body)
            raw = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
