"""``make screenshots``: plays the demo in a database of its own, and writes pictures of the main
pages to ``docs/pictures``."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import click

from projections.config.settings import Settings
from projections.container import Container
from projections.database.engine import rows
from projections.database.installation import recreate, url_of
from projections.records import api_keys
from runners.cli import console, demo
from runners.support import logs
from runners.support.clocks import SimulatedClock
from tests.support import postgres
from tests.support.api.application import application, served
from tests.support.api.client import Client
from tests.support.api.given import SECRET_KEY
from tests.support.chromium import Chromium, Person, person

INTO = Path(__file__).parents[2] / "docs" / "pictures"
# In bytes: whoever clones the repository takes them all.
LARGEST = 150_000
WIDTH = 1280
DRAFT = {
    "name": "April offer",
    "body": "Hi {name|there}, how is {city|your town}? Something new is there for you.",
    "niche": ["B1"],
    "draft": True,
}
# Of the message that the proof is about: one that was read.
READ = """
    SELECT message_id FROM broadcast_messages WHERE sequence_id IS NOT NULL AND read_at IS NOT NULL
    ORDER BY sent_at DESC, message_id LIMIT 1
"""


@click.command()
def main() -> None:
    """Write the pictures anew."""
    program = shutil.which("chromium")
    if program is None:
        raise click.ClickException("Chromium is not installed (Debian's package chromium)")
    logs.configure("ERROR")
    home = postgres.make_home()
    try:
        server = recreate(postgres.start(home), "sendtrail_pictures")
        demo.run(Settings(database_url=server, secret_key=SECRET_KEY), console.terminal())
        settings = Settings(database_url=url_of(server, demo.NAME), secret_key=SECRET_KEY)
        clock = SimulatedClock(demo.START + timedelta(days=demo.DAYS))
        with Container(settings, clock) as container:
            _take(container, program)
    finally:
        postgres.remove(home)


def _take(container: Container, program: str) -> None:
    with container.database.transaction() as connection:
        key = api_keys.create(connection, "aisyah", "operator", container.outreach.clock())
        (read,) = rows(connection, READ)
    app = application(container)
    admin = Client(app, key)
    draft = admin.create("/campaigns", DRAFT)["id"]
    (campaign,) = admin.items("/campaigns", status="finished")
    INTO.mkdir(exist_ok=True)
    chromium = Chromium(program)
    try:
        with served(app) as address, person(chromium, address) as somebody:
            somebody.signs_in(key)
            _picture(somebody, "overview", "/", 600)
            _picture(somebody, "composer", f"/campaigns/{draft}/edit", 840)
            _picture(somebody, "campaign", f"/campaigns/{campaign['id']}", 740)
            _picture(somebody, "proof", f"/messages/{read.message_id}", 700)
    finally:
        chromium.close()


def _picture(somebody: Person, name: str, path: str, height: int) -> None:
    """Of the upper ``height`` pixels of a page."""
    somebody.does(lambda page: page.set_viewport_size({"width": WIDTH, "height": height}))
    somebody.opens(path)
    file = INTO / f"{name}.png"
    somebody.does(lambda page: page.screenshot(path=str(file)))
    size = file.stat().st_size
    click.echo(f"{file.name}: {size:,} bytes")
    if size > LARGEST:
        raise click.ClickException(f"{file.name} is larger than {LARGEST:,} bytes")


if __name__ == "__main__":
    main()
