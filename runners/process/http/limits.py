"""How long and how large the parts of a request may be, and how many connections there may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

# Bytes a second that a body, and a response, must move at beyond the seconds that each has anyway.
SLOWEST = 16 * 1024
# Bytes of a request's line and headers together.
LARGEST_HEAD = 32 * 1024
# Requests of one connection that wait for their responses.
MOST_PIPELINED = 100
# After the last response of a connection, what the client still sends is read and thrown away for
# so many seconds and bytes. Closing at once would make its system throw the response away.
LINGER_SECONDS = 2.0
LINGER_BYTES = 64 * 1024 * 1024
# How long a server that stops keeps a connection open that has no request: one may be on its way.
STOP_SECONDS = 0.5
# Descriptors that are kept for the database, logs and the files of uploads.
SPARE_DESCRIPTORS = 200
MOST_CONNECTIONS = 4000


class Limits(NamedTuple):
    """The limits of one worker process.

    ``header_seconds``: from the first byte of a request, or from the connection, to the last of
    its headers. ``body_seconds``: for a body, or a response, of any size; each second beyond them
    needs ``SLOWEST`` bytes. ``idle_seconds``: from one response to the next request.
    ``connections`` in all, and of one address unless it is ``exempt``. The application is asked
    before a body of more than ``ask_above`` bytes is read; no body has more than ``largest``.
    """

    header_seconds: float
    body_seconds: float
    idle_seconds: float
    connections: int
    connections_per_address: int
    exempt: Callable[[str], bool]
    ask_above: int
    largest: int


def most_connections() -> int:
    """How many connections a process may have with its limit of open files. A connection needs one
    descriptor, and a second one for a body that is not small."""
    import resource  # not there on Windows

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(min((files - SPARE_DESCRIPTORS) // 2, MOST_CONNECTIONS), 10)
