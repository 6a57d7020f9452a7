"""Which connections stay when there are too many: those whose requests are under way, then those
that had a request before, then the newest."""

from __future__ import annotations

from collections import Counter, OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Protocol


class Evictable(Protocol):
    """A connection, as this module needs it."""

    owner: str
    exempt: bool
    # Whether a request of it was complete at some time. The admission sets it.
    known: bool

    def evict(self) -> None:
        """Closes the connection at once."""


class _Waiting:
    """Connections that wait for a complete request, in the order in which they would be closed."""

    def __init__(self) -> None:
        # Who only connects, however often, gets nobody closed who has asked for something.
        self._new: OrderedDict[Evictable, None] = OrderedDict()
        self._known: OrderedDict[Evictable, None] = OrderedDict()

    def add(self, connection: Evictable) -> None:
        """The connection waits from now on, behind the others of its kind."""
        self._of(connection)[connection] = None

    def discard(self, connection: Evictable) -> None:
        """The connection does not wait, whether it did or not."""
        self._of(connection).pop(connection, None)

    def evict_first(self) -> bool:
        """Closes the first one. Whether there was one."""
        first = next(iter(self._new or self._known), None)
        if first is not None:
            first.evict()
        return first is not None

    def _of(self, connection: Evictable) -> OrderedDict[Evictable, None]:
        return self._known if connection.known else self._new

    def __bool__(self) -> bool:
        return bool(self._new or self._known)


class Admission:
    """The connections of a process by owner, and which of them wait for a complete request."""

    def __init__(self, most: int, per_owner: int) -> None:
        self._most = most
        self._per_owner = per_owner
        self._connections: Counter[str] = Counter()
        self._waiting = _Waiting()
        self._waiting_of: dict[str, _Waiting] = {}

    @property
    def full(self) -> bool:
        """Whether there are as many connections as there may be."""
        return self._connections.total() >= self._most

    def enter(self, connection: Evictable) -> None:
        """Counts a new connection, which waits from now on. If its owner has too many and is not
        exempt, the owner's first one that waits is closed."""
        owner = connection.owner
        self._connections[owner] += 1
        if self._connections[owner] > self._per_owner and not connection.exempt:
            self._waiting_of.get(owner, _Waiting()).evict_first()
        self.waits(connection)

    def waits(self, connection: Evictable) -> None:
        """Notes that the connection waits for a request from now on."""
        self._waiting.add(connection)
        self._waiting_of.setdefault(connection.owner, _Waiting()).add(connection)

    def serves(self, connection: Evictable) -> None:
        """Notes that a request of the connection is complete: it is not closed for others."""
        self._stops_waiting(connection)
        connection.known = True

    def leave(self, connection: Evictable) -> None:
        """Forgets a connection that was closed. To be called once."""
        self._stops_waiting(connection)
        self._connections[connection.owner] -= 1
        if not self._connections[connection.owner]:
            del self._connections[connection.owner]

    def make_room(self) -> bool:
        """Closes the first connection of all that wait. Whether there was one."""
        return self._waiting.evict_first()

    def _stops_waiting(self, connection: Evictable) -> None:
        self._waiting.discard(connection)
        of_owner = self._waiting_of.get(connection.owner)
        if of_owner is not None:
            of_owner.discard(connection)
            if not of_owner:
                del self._waiting_of[connection.owner]


def plain(address: str) -> str:
    """The address as a log shows it: an IPv4 address that IPv6 maps is one of IPv4."""
    if not address.lower().startswith("::ffff:"):
        return address
    found = ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return address if mapped is None else str(mapped)


def owner(address: str) -> str:
    """Who is behind a plain address: of IPv6 its network of 64 bits, which one subscriber has."""
    if ":" not in address:
        return address
    network = int(IPv6Address(address.partition("%")[0])) >> 64 << 64
    return f"{IPv6Address(network)}/64"
