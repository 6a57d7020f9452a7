"""Answers as the WhatsApp Cloud API does: ``python -m benchmarks.harness.fake_cloud_api``.

The server prints its port first, and answers as fast as one Python process can. A request without
the token or without a message is refused.
"""

from __future__ import annotations

import asyncio
import json
import sys

TOKEN = "benchmark"  # noqa: S105 - of no worth anywhere
END = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """Answers the requests of one connection, one after the other."""

    served = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.waiting = b""

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while END in self.waiting:
            head, _, rest = self.waiting.partition(END)
            lines = head.decode("latin-1").split("\r\n")
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
            length = int(headers["content-length"])
            if len(rest) < length:
                return
            self.waiting = rest[length:]
            self._answer(lines[0], headers, json.loads(rest[:length]))

    def _answer(self, request: str, headers: dict[str, str], message: dict[str, str]) -> None:
        Connection.served += 1
        status, said = "200 OK", {"messages": [{"id": f"wamid.{Connection.served}"}]}
        known = headers.get("authorization") == f"Bearer {TOKEN}"
        if not (known and request.startswith("POST") and message["to"] and message["type"]):
            status, said = "401 Unauthorized", {"error": {"code": 190}}  # type: ignore[dict-item]
        body = json.dumps(said).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.write(head.encode() + END + body)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until whoever began it is gone


if __name__ == "__main__":
    asyncio.run(main())
