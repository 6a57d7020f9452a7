"""Answers as the WhatsApp Cloud API does: ``python -m benchmarks.harness.fake_cloud_api``.

The server prints its port first, and answers as fast as one Python process can. A request without
the token or without a message is refused.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

TOKEN = "benchmark"  # noqa: S105 - of no worth anywhere
END = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """Answers the requests of one connection, one after the other."""

    served = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer on."""
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete now."""
        self.received += data
        while END in self.received:
            head, _, rest = self.received.partition(END)
            lines = head.decode("latin-1").split("\r\n")
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
            length = int(headers["content-length"])
            if len(rest) < length:
                return
            self.received = rest[length:]
            self._answer(lines[0], headers, json.loads(rest[:length]))

    def _answer(self, request: str, headers: dict[str, str], message: dict[str, str]) -> None:
        Connection.served += 1
        status = "200 OK"
        answer: dict[str, Any] = {"messages": [{"id": f"wamid.{Connection.served}"}]}
        authorized = headers.get("authorization") == f"Bearer {TOKEN}"
        if not (authorized and request.startswith("POST") and message["to"] and message["type"]):
            status, answer = "401 Unauthorized", {"error": {"code": 190}}
        body = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.write(head.encode() + END + body)


async def main() -> None:
    """Serve on a free port, print the port, and end when the standard input is closed."""
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until the process that started it is gone


if __name__ == "__main__":
    asyncio.run(main())
