"""The demo in a browser: the server of its database, a link that signs in, and how it goes on."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote

from projections.config import secret_key
from projections.config.settings import Settings
from projections.container import Container
from projections.eventstore import access
from projections.records import web_sessions
from runners.cli import console
from runners.process import serve as server


def serve(settings: Settings, own: Settings, name: str, port: int) -> None:
    """Serve the demo's database ``name``, whose settings are ``own``, until SIGTERM or SIGINT."""
    console.say(f"see it in a browser: http://127.0.0.1:{port}/sign-in?link={_link(own)}")
    console.say(f"to let it go on, in another terminal: {run_command(settings, own, name)}")
    server.serve(own, "127.0.0.1", port, server.WORKERS, server.THREADS)


def run_command(settings: Settings, own: Settings, name: str) -> str:
    """What starts the runners on the database ``name``, whose settings are ``own``. It has no
    password: where ``settings`` name a server, it says what else is to be set."""
    here = Path(sys.argv[0])
    command = f"{here if here.name == 'sendtrail' else 'sendtrail'} run"
    if settings.database_url is not None:
        return f"{command}, with SENDTRAIL_DATABASE_URL naming the database {name}"
    assert own.database_url is not None  # noqa: S101 - the demo has one of its own
    named = {"SENDTRAIL_DATABASE_URL": own.database_url}
    if secret_key.in_home(settings):
        named["SENDTRAIL_SECRET_KEY_FILE"] = str(settings.home.resolve() / secret_key.NAME)
    return " ".join([*(f"{variable}={quote(value)}" for variable, value in named.items()), command])


def _link(settings: Settings) -> str:
    """The secret of a link that signs in as an admin."""
    with Container(settings) as container:
        access.create_key(container.database, container.outreach, "demo", "admin", actor="cli:demo")
        with container.database.transaction() as connection:
            return web_sessions.link(connection, "demo", container.outreach.clock())
