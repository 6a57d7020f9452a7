"""Databases that last longer than one test: many cases share one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from projections.database.installation import url_of

_number = count(1)


class Databases:
    """Makes databases with Sendtrail's schema on one server."""

    def __init__(
        self, server_url: str, admin: Callable[[str], Any], template: str, strategy: str
    ) -> None:
        self._server_url = server_url
        self._admin = admin
        self._made_of = f"TEMPLATE {template} STRATEGY {strategy}"

    @contextmanager
    def one(self) -> Iterator[str]:
        """The URL of a database with nothing in it, which is dropped when the block ends."""
        name = f"sendtrail_shared_{os.getpid()}_{next(_number)}"
        self._admin(f"CREATE DATABASE {name} {self._made_of}")
        try:
            yield url_of(self._server_url, name)
        finally:
            self._admin(f"DROP DATABASE {name} WITH (FORCE)")
