"""``sendtrail audit verify`` with a checkpoint: good only if its signature was checked."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from projections.audit import checkpoints
from projections.container import Container
from tests.projections.audit.chain import somebody_does
from tests.support import given
from tests.support.forks import MODULE, ROOT
from tests.support.processes import Result, environment, sendtrail

VERIFIED = "verified 3 events up to 3, 0 not in the chain yet"
AGREES = "the chain agrees with the checkpoint at event 3"
NOT_GIVEN = (
    "Error: signature not checked: no --public-key was given, so anybody can have written it"
)
UNSIGNED = "Error: signature not checked: the checkpoint has none, so anybody can have written it"


@pytest.fixture
def public_key(container: Container, tmp_path: Path) -> Path:
    """Three leads in the log; ``signed.json`` and ``unsigned.json`` beside the file of this key."""
    given.many_leads(container, 3)
    private, public = checkpoints.new_key()
    for name, key in (("signed", private), ("unsigned", None)):
        made = checkpoints.make(container.database, container.outreach.clock, key)
        (tmp_path / f"{name}.json").write_bytes(msgspec.json.encode(made))
    file = tmp_path / "key.pub"
    file.write_bytes(public)
    return file


def verifies(database_url: str, checkpoint: Path, *more: object) -> Result:
    """Without a terminal."""
    command = ("audit", "verify", "--checkpoint", checkpoint, *more)
    return sendtrail(*command, database_url=database_url)


def types(answer: str, database_url: str, checkpoint: Path) -> Result:
    """The same at a terminal, where somebody types that; standard output and error are pipes."""
    ours, theirs = pty.openpty()
    command = (sys.executable, "-m", MODULE, "audit", "verify", "--checkpoint", str(checkpoint))
    try:
        os.write(ours, f"{answer}\n".encode())
        return subprocess.run(
            command,
            cwd=ROOT,
            env=environment(database_url=database_url),
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)


def then_nothing_is_called_good(result: Result, error: str) -> None:
    """What was verified is there to be read, and that it is not enough."""
    assert result.stdout.splitlines() == [VERIFIED, AGREES]
    assert result.stderr.endswith(f"{error}\n")
    assert result.returncode == 1


@pytest.mark.parametrize(("name", "error"), [("signed", NOT_GIVEN), ("unsigned", UNSIGNED)])
def test_without_the_public_key_nothing_is_called_good(
    database_url: str, public_key: Path, name: str, error: str
) -> None:
    """A checkpoint that the owner of the database wrote agrees with every chain."""
    result = verifies(database_url, public_key.with_name(f"{name}.json"))

    then_nothing_is_called_good(result, error)


def test_with_the_public_key_a_signed_checkpoint_is_good(
    database_url: str, public_key: Path
) -> None:
    """And one that is not signed is none."""
    good, bad = (
        verifies(database_url, public_key.with_name(f"{name}.json"), "--public-key", public_key)
        for name in ("signed", "unsigned")
    )

    verified, intact = good.stdout.splitlines()
    assert (good.returncode, good.stderr, verified) == (0, "", VERIFIED)
    assert intact.startswith("intact: ")
    assert (bad.returncode, bad.stdout) == (1, f"{VERIFIED}\n")
    assert bad.stderr == "Error: the checkpoint was not signed with that key\n"


def test_somebody_at_a_terminal_is_asked_for_the_public_key(
    database_url: str, public_key: Path
) -> None:
    """Before the log is read, which can take long. An answer may be none."""
    signed = public_key.with_name("signed.json")

    named, silent = (types(answer, database_url, signed) for answer in (str(public_key), ""))

    assert named.returncode == 0, named.stderr
    assert "intact: " in named.stdout
    assert "file of the public key" in named.stderr
    then_nothing_is_called_good(silent, NOT_GIVEN)


def test_nobody_is_asked_for_the_key_of_what_is_not_signed(
    database_url: str, public_key: Path
) -> None:
    """No key would help."""
    result = types(str(public_key), database_url, public_key.with_name("unsigned.json"))

    then_nothing_is_called_good(result, UNSIGNED)
    assert "file of the public key" not in result.stderr


def test_what_is_wrong_with_the_log_is_said_first(
    container: Container, database_url: str, public_key: Path
) -> None:
    """Altered events, keys that are missing, a chain that is not that of the checkpoint."""
    signed = public_key.with_name("signed.json")
    somebody_does(container, "CREATE TABLE kept AS SELECT * FROM lead_keys", "TRUNCATE lead_keys")
    keyless = verifies(database_url, signed)
    somebody_does(
        container,
        "INSERT INTO lead_keys SELECT * FROM kept",
        "UPDATE hash_chain_links SET last_id = 2",
    )
    altered = verifies(database_url, signed)
    somebody_does(
        container,
        "DELETE FROM stored_events WHERE notification_id = 3",
        "TRUNCATE hash_chain_links",
        "DELETE FROM tracking",
    )
    rewritten = verifies(database_url, signed)

    results = (keyless, altered, rewritten)
    assert [result.stderr.splitlines()[-1] for result in results] == [
        "Error: 3 leads that were not erased have no key: restore the table lead_keys from a"
        " backup, and rebuild nothing before",
        "Error: event 3 is missing",
        "Error: no link ends with event 3 any more",
    ]
    assert {result.returncode for result in results} == {1}
    assert "signature" not in "".join(result.stderr for result in results)
