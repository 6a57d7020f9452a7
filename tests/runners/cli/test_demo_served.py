"""How the demo goes on after it was played."""

from __future__ import annotations

import shlex
from pathlib import Path

from projections.config.settings import Settings
from runners.cli.demo_served import run_command

OWN = "postgresql://postgres:@/sendtrail_demo?host=/home/a b/postgresql"


def test_the_runners_are_started_on_the_database_that_is_served(tmp_path: Path) -> None:
    """And with the key that it is encrypted with."""
    own = Settings(database_url=OWN, secret_key="x")
    *named, _, run = shlex.split(run_command(Settings(home=tmp_path), own, "sendtrail_demo"))
    assert named == [
        f"SENDTRAIL_DATABASE_URL={OWN}",
        f"SENDTRAIL_SECRET_KEY_FILE={tmp_path / 'secret.key'}",
    ]
    assert run == "run"


def test_no_password_of_a_server_is_printed() -> None:
    """Whoever named the server knows how to name its other database."""
    url = "postgresql://anna:s3cret@db.example/mine"
    command = run_command(Settings(database_url=url), Settings(database_url=OWN), "sendtrail_demo")
    assert (
        command == "sendtrail run, with SENDTRAIL_DATABASE_URL naming the database sendtrail_demo"
    )
