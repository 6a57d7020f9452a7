"""Requests as the bytes that go over the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import metadata
from secrets import token_hex
from typing import NamedTuple

from yarl import URL

from runners.gateways.http_pool import Origin

# Ours, and not Python's and the library's, whose versions are nobody's business.
USER_AGENT = f"Sendtrail/{metadata.version('sendtrail')}"

_VISIBLE = re.compile("[!-~]+")
_LINE_END = re.compile(r"[\r\n\0]")


class Target(NamedTuple):
    """Where a request goes. ``host`` is the header's value, ``path`` has the query."""

    origin: Origin
    host: str
    path: str


def target_of(url: str) -> Target:
    """The parts of a URL. Raises ValueError for what is none that can be called."""
    parts = URL(url, encoded=True)
    path = parts.raw_path_qs or "/"
    if (
        parts.scheme not in ("http", "https")
        or not parts.raw_host
        or parts.port is None
        or "@" in parts.raw_authority
        or not _VISIBLE.fullmatch(f"{parts.raw_authority}{path}")
    ):
        raise ValueError("no URL of a provider")
    origin = Origin(parts.scheme == "https", parts.raw_host, parts.port)
    return Target(origin, parts.host_port_subcomponent or "", path)


def encode(
    method: str, target: Target, headers: Mapping[str, str], body: bytes | None, content_type: str
) -> bytes:
    """A whole request. Raises ValueError if a header would begin another one."""
    # Nothing is decompressed, because a small response could grow huge. So none may come
    # compressed.
    head = (
        f"{method} {target.path} HTTP/1.1\r\nHost: {target.host}\r\nUser-Agent: {USER_AGENT}\r\n"
        "Accept: */*\r\nAccept-Encoding: identity\r\n"
    )
    for name, value in headers.items():
        if _LINE_END.search(name) or _LINE_END.search(value):
            raise ValueError("expected a header of one line")
        head += f"{name}: {value}\r\n"
    if body is None:
        # Servers may ask for a length wherever a body is usual.
        length = "" if method == "GET" else "Content-Length: 0\r\n"
        return f"{head}{length}\r\n".encode()
    head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def multipart(form: Mapping[str, str]) -> tuple[bytes, str]:
    """The form as multipart/form-data (RFC 7578), and its content type."""
    boundary = token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n'
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{value}\r\n"
        for name, value in form.items()
    ]
    body = "".join((*parts, f"--{boundary}--\r\n")).encode()
    return body, f"multipart/form-data; boundary={boundary}"
