"""Which connections stay when there are too many: the newest, and those whose requests are under
way."""

from __future__ import annotations

from collections import Counter, OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Protocol


class Evictable(Protocol):
    """A connection, as this module needs it."""

    owner: str
    exempt: bool

    def evict(self) -> None:
        """Closes the connection at once."""


class Admission:
    """The connections of a process by owner, and those that wait for a complete request, in the
    order in which they began to wait."""

    def __init__(self, most: int, per_owner: int) -> None:
        self._most = most
        self._per_owner = per_owner
        self._connections: Counter[str] = Counter()
        self._waiting: OrderedDict[Evictable, None] = OrderedDict()
        self._waiting_of: dict[str, OrderedDict[Evictable, None]] = {}

    @property
    def full(self) -> bool:
        """Whether there are as many connections as there may be."""
        return self._connections.total() >= self._most

    def enter(self, connection: Evictable) -> None:
        """Counts a new connection, which waits from now on. If its owner has too many and is not
        exempt, the one of the owner's that has waited longest is closed."""
        owner = connection.owner
        self._connections[owner] += 1
        if self._connections[owner] > self._per_owner and not connection.exempt:
            self._evict(self._waiting_of.get(owner))
        self.waits(connection)

    def waits(self, connection: Evictable) -> None:
        """Notes that the connection waits for a request from now on."""
        self._waiting[connection] = None
        self._waiting_of.setdefault(connection.owner, OrderedDict())[connection] = None

    def serves(self, connection: Evictable) -> None:
        """Notes that a request of the connection is complete: it is not closed for others."""
        if self._waiting.pop(connection, connection) is None:
            of_owner = self._waiting_of[connection.owner]
            del of_owner[connection]
            if not of_owner:
                del self._waiting_of[connection.owner]

    def leave(self, connection: Evictable) -> None:
        """Forgets a connection that was closed. To be called once."""
        self.serves(connection)
        self._connections[connection.owner] -= 1
        if not self._connections[connection.owner]:
            del self._connections[connection.owner]

    def make_room(self) -> bool:
        """Closes the connection that has waited longest of all. Whether there was one."""
        return self._evict(self._waiting)

    def _evict(self, waiting: OrderedDict[Evictable, None] | None) -> bool:
        if not waiting:
            return False
        next(iter(waiting)).evict()
        return True


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
