"""Databases that the cases of a file share: no case uses a phone of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from projections.config.settings import Settings
from projections.container import Container
from tests.support import world
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.support.api.given import SECRET_KEY, api_key
from tests.support.fresh import Databases
from tests.support.world import World

# A client of the application on the database of that name, which is made when it is first asked
# for; its SENDTRAIL_DEFAULT_REGION is that or, with None, unset.
ApiOf = Callable[[str, str | None], Client]


@pytest.fixture(scope="session")
def databases(
    server_url: str, admin: Callable[[str], Any], template: str, copy_strategy: str
) -> Databases:
    return Databases(server_url, admin, template, copy_strategy)


@pytest.fixture(scope="module")
def shared(databases: Databases) -> Iterator[World]:
    """One installation for all cases of the file."""
    with databases.one() as url, world.opened(url) as opened:
        yield opened


@pytest.fixture(scope="module")
def api_of(databases: Databases) -> Iterator[ApiOf]:
    with ExitStack() as stack:
        urls: dict[str, str] = {}
        made: dict[tuple[str, str | None], Client] = {}

        def api(name: str, region: str | None) -> Client:
            if name not in urls:
                urls[name] = stack.enter_context(databases.one())
            if (name, region) not in made:
                settings = Settings(
                    database_url=urls[name], secret_key=SECRET_KEY, default_region=region
                )
                container = stack.enter_context(Container(settings))
                key = api_key(container, f"boss of {region}", "admin")
                made[name, region] = Client(application(container), key)
            return made[name, region]

        yield api
