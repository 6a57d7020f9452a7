"""What is tried wrongly is slowed down: counted by client, and refused where it is too often."""

from __future__ import annotations

from math import ceil

from flask_smorest import abort

from api.http import client_address
from api.http.context import container, now
from projections.records import wrong_tries


def count(subject: str, what: str) -> None:
    """Counts a wrong try of this request's client at ``subject``. Aborts with 429 where there were
    too many; ``what`` names them in the plural. Call it only when it is known to be wrong."""
    with container().database.transaction() as connection:
        wait = wrong_tries.count(connection, subject, client_address.client(), now())
    if wait is not None:
        seconds = max(1, ceil(wait.total_seconds()))
        abort(429, message=f"too many {what}; wait", headers={"Retry-After": str(seconds)})
