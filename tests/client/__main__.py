"""``make client``: a Python client of the API's description, and a lead registered by it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from api import create_app
from projections.config.settings import Settings
from projections.container import Container
from projections.database.installation import recreate
from projections.records import api_keys
from runners.support import logs
from tests.support import postgres
from tests.support.processes import ROOT, SECRET_KEY
from tests.support.serve import serving


@click.command()
@click.option(
    "--venv", type=click.Path(path_type=Path), required=True, help="It has the generator."
)
@click.option("--into", type=click.Path(path_type=Path), required=True, help="The client's folder.")
def main(venv: Path, into: Path) -> None:
    """Make the client, and use it against a server."""
    logs.configure("ERROR")
    with tempfile.TemporaryDirectory() as work:
        description = Path(work) / "openapi.json"
        found = create_app().test_client().get("/openapi.json").get_json()
        description.write_text(json.dumps(found))
        bin_ = (ROOT / venv / "bin").absolute()
        subprocess.run(
            [
                *(bin_ / "openapi-python-client", "generate", "--overwrite"),
                *("--path", description, "--output-path", ROOT / into),
            ],
            check=True,
            # It formats what it made with a program of its own environment.
            env={**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"},
        )
    home = postgres.make_home()
    try:
        url = recreate(postgres.start(home), "sendtrail_client")
        settings = Settings(database_url=url, secret_key=SECRET_KEY)
        with Container(settings) as container, container.database.transaction() as connection:
            key = api_keys.create(connection, "client", "operator", container.outreach.clock())
        with serving(url, home) as server:
            first_use = Path(__file__).with_name("first_use.py")
            address = f"http://127.0.0.1:{server.port}"
            done = subprocess.run([bin_ / "python", first_use, ROOT / into, address, key])
    finally:
        postgres.remove(home)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
