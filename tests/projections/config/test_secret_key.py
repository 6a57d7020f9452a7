"""The secret key: where it is looked for, and what is said if it is not there."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from domain.errors import SettingsError
from projections.config import secret_key
from projections.config.settings import Settings, read
from tests.support import when
from tests.support.api.given import OTHER_KEY, SECRET_KEY
from tests.support.processes import sendtrail

URL = "postgresql://anna:s3cret@127.0.0.1:1/x"


def test_the_variable_goes_before_the_file_and_the_file_before_the_home(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{OTHER_KEY}\n")
    (tmp_path / "secret.key").write_text(SECRET_KEY)

    def found(**variables: str) -> str:
        given = {"HOME": str(tmp_path), **variables}
        return secret_key.find(read({f"SENDTRAIL_{name}": text for name, text in given.items()}))

    assert found() == SECRET_KEY
    assert found(SECRET_KEY_FILE=str(file)) == OTHER_KEY
    assert found(SECRET_KEY=SECRET_KEY, SECRET_KEY_FILE=str(file)) == SECRET_KEY


def test_the_first_start_on_the_bundled_server_makes_one(tmp_path: Path) -> None:
    """It is the owner's alone, and stays."""
    home = tmp_path / "new" / "home"

    made = secret_key.find(Settings(home=home))

    assert secret_key.find(Settings(home=home)) == made
    assert [path.name for path in home.iterdir()] == ["secret.key"]
    assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600
    assert secret_key.find(Settings(home=tmp_path / "another")) != made


def test_processes_that_start_at_once_make_one_key(tmp_path: Path) -> None:
    found = when.at_once(*[lambda: secret_key.find(Settings(home=tmp_path))] * 8)

    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_no_key_is_made_for_who_must_bring_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"a Fernet key here or in {tmp_path}/secret.key"):
        secret_key.find(Settings(home=tmp_path), make=False)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, "a file to read"), (b"hunter2", "a Fernet key in it"), (b"\xff\xfe", "a Fernet key")],
)
def test_a_file_without_a_key_is_named(
    tmp_path: Path, content: bytes | None, expected: str
) -> None:
    """And not what is in it."""
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsError, match=f"SENDTRAIL_SECRET_KEY_FILE: .*{expected}") as caught:
        secret_key.find(Settings(secret_key_file=file))

    assert "hunter2" not in str(caught.value)


def test_a_database_of_ones_own_needs_the_key_and_says_how_to_make_one(tmp_path: Path) -> None:
    """In one line, before the database is asked; what needs no database needs no key."""
    (tmp_path / "secret.key").write_text(SECRET_KEY)  # the bundled server's
    given = {"database_url": URL, "secret_key": None, "home": tmp_path}

    refused = sendtrail("status", **given)
    others = [
        sendtrail("db", "status", **given),
        sendtrail("audit", "keygen", tmp_path / "k", **given),
    ]

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: SENDTRAIL_SECRET_KEY: expected a Fernet key beside")
    assert refused.stderr.endswith('print(Fernet.generate_key().decode())"\n')
    assert len(refused.stderr.splitlines()) == 1
    assert [result.returncode for result in others] == [0, 0]
