"""Which base backup and which log a restore needs; and a damaged base backup is found."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from domain.errors import InvalidInputError, StorageError
from projections.database import backup_manifest, base_backup_files, postgres_tools
from projections.database.backup_manifest import Base, Manifest, Series

SIZE = 16 * 1024**2


def at(hour: int) -> datetime:
    return datetime(2026, 3, 2, hour, tzinfo=UTC)


def base(hour: int) -> Base:
    """A base backup that took the hour before ``hour``."""
    return Base(f"at {hour}", at(hour - 1), at(hour), "0/2000028", "0/2000120")


def manifest(*series: Series) -> Manifest:
    return Manifest(1, "18.4", True, "1", "digest", "token", "slot", list(series))


def test_two_backups_within_a_second_have_folders_of_their_own() -> None:
    earlier = backup_manifest.stamp(at(2))

    assert earlier == "20260302T020000.000000Z"
    assert earlier < backup_manifest.stamp(at(2) + timedelta(microseconds=1))


TWO = manifest(
    Series("0001", 1, SIZE, at(12), [base(2), base(8)]),
    Series("0002", 2, SIZE, at(20), [base(14)]),
)


@pytest.mark.parametrize(
    ("hour", "chosen"), [(2, "at 2"), (7, "at 2"), (8, "at 8"), (12, "at 8"), (14, "at 14")]
)
def test_the_latest_that_had_ended_is_chosen(hour: int, chosen: str) -> None:
    assert backup_manifest.choose(TWO, at(hour)).base.name == chosen


def test_without_an_instant_the_last_one_is_chosen() -> None:
    assert backup_manifest.choose(TWO, None).base.name == "at 14"
    assert backup_manifest.choose(TWO, None).series.name == "0002"


@pytest.mark.parametrize("hour", [1, 13, 21])
def test_an_instant_that_is_not_archived_is_refused_with_what_is(hour: int) -> None:
    """Before the first base backup was complete, between the series, after the end."""
    with pytest.raises(InvalidInputError) as refused:
        backup_manifest.choose(TWO, at(hour))

    assert str(refused.value) == (
        "until: expected an instant of 2026-03-02T02:00:00+00:00 to 2026-03-02T12:00:00+00:00"
        " or of 2026-03-02T14:00:00+00:00 to 2026-03-02T20:00:00+00:00"
    )


def test_before_the_first_base_backup_there_is_nothing_to_restore() -> None:
    with pytest.raises(StorageError, match="no base backup in it yet"):
        backup_manifest.choose(manifest(Series("0001", 1, SIZE)), None)


@pytest.mark.parametrize(
    ("lsn", "size", "name"),
    [
        ("0/2000028", SIZE, "000000030000000000000002"),
        ("0/FFFFFFFF", SIZE, "0000000300000000000000FF"),
        ("1A/0", SIZE, "000000030000001A00000000"),
        ("1/C0000000", 1024**3, "000000030000000100000003"),
    ],
)
def test_a_position_is_in_the_segment_of_that_name(lsn: str, size: int, name: str) -> None:
    """As pg_walfile_name says it."""
    assert backup_manifest.segment_of(Series("0001", 3, size), lsn) == name


def test_a_complete_segment_goes_before_a_partial_one(tmp_path: Path) -> None:
    one, two = "000000010000000000000001", "000000010000000000000002"
    for name in (one, f"{one}.partial", f"{two}.partial", "00000002.history", "archive_status"):
        (tmp_path / name).touch()

    found = backup_manifest.segments(tmp_path)

    assert {name: path.name for name, path in found.items()} == {one: one, two: f"{two}.partial"}


def test_a_manifest_of_a_later_version_is_refused(tmp_path: Path) -> None:
    later = manifest()
    later.version = 2
    backup_manifest.write(tmp_path, later)

    with pytest.raises(StorageError, match="expected a backup of version 1, this is 2"):
        backup_manifest.read(tmp_path)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A base backup of two files, as pg_basebackup lists them."""
    (tmp_path / "global").mkdir()
    (tmp_path / "pg_wal").mkdir()
    (tmp_path / "pg_wal" / "000000010000000000000001").touch()
    entries = []
    for path, content in (("PG_VERSION", b"18\n"), ("global/pg_control", b"\0\1")):
        (tmp_path / path).write_bytes(content)
        checksum = hashlib.sha256(content).hexdigest()
        entries.append(
            {"Path": path, "Checksum-Algorithm": "SHA256", "Checksum": checksum, "Size": 0}
        )
    ranges = [{"Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000120"}]
    text = json.dumps({"Files": entries, "WAL-Ranges": ranges})[:-1] + ",\n"
    checksum = hashlib.sha256(text.encode()).hexdigest()
    (tmp_path / "backup_manifest").write_text(f'{text}"Manifest-Checksum": "{checksum}"}}\n')
    return tmp_path


def test_a_base_backup_as_it_was_sent_is_accepted(copied: Path) -> None:
    base_backup_files.verify(copied, Event())
    assert base_backup_files.positions(copied) == ("0/2000028", "0/2000120")


@pytest.mark.parametrize(
    ("path", "content", "why"),
    [
        ("PG_VERSION", b"17\n", "PG_VERSION was altered"),
        ("global/pg_control", None, "global/pg_control is missing"),
        ("global/more", b"", "global/more does not belong there"),
        ("backup_manifest", b"{}", "backup_manifest was altered"),
        ("backup_manifest", None, "backup_manifest was altered"),
    ],
)
def test_a_base_backup_that_was_altered_is_refused(
    copied: Path, path: str, content: bytes | None, why: str
) -> None:
    if content is None:
        (copied / path).unlink()
    else:
        (copied / path).write_bytes(content)

    with pytest.raises(StorageError, match=f"is damaged: {why}"):
        base_backup_files.verify(copied, Event())


def test_a_line_of_the_list_that_was_altered_is_found(copied: Path) -> None:
    """With a file to fit: the list has a checksum of its own."""
    listed = copied / "backup_manifest"
    other = hashlib.sha256(b"17\n").hexdigest()
    listed.write_text(listed.read_text().replace(hashlib.sha256(b"18\n").hexdigest(), other))
    (copied / "PG_VERSION").write_bytes(b"17\n")

    with pytest.raises(StorageError, match="backup_manifest was altered"):
        base_backup_files.verify(copied, Event())


def test_the_password_of_a_url_is_no_argument() -> None:
    arguments, environment = postgres_tools.connection(
        "postgresql://anna:s3cret%40x@db.example.com:5433/sendtrail?sslmode=require"
    )

    assert [word for word in arguments if "s3cret" in word] == []
    assert environment["PGPASSWORD"] == "s3cret@x"
    assert "host=db.example.com" in arguments[0]
    assert "sslmode=require" in arguments[0]


def test_tools_of_a_later_version_only_are_asked_for() -> None:
    """A server that is newer than every tool here; the bundled one has its own."""
    with pytest.raises(StorageError) as refused:
        postgres_tools.find(99)

    assert str(refused.value).startswith(
        "the server is PostgreSQL 99: expected pg_basebackup, pg_receivewal of version 99 or newer"
    )
    assert postgres_tools.find(18).major == 18


def test_what_proves_an_earlier_secret_key_stays(tmp_path: Path) -> None:
    """A state of before a rotation opens with the key of then; a manifest of an earlier version
    knows one key."""
    kept = manifest()
    for check in ("token", "second", "second", "third"):
        kept.note_secret(check)
    backup_manifest.write(tmp_path, kept)
    stored = json.loads((tmp_path / backup_manifest.NAME).read_text())

    read = backup_manifest.read(tmp_path)
    del stored["former_checks"]
    (tmp_path / backup_manifest.NAME).write_text(json.dumps(stored))
    earlier = backup_manifest.read(tmp_path)

    assert read is not None
    assert (read.secret_check, read.former_checks) == ("third", ["token", "second"])
    assert earlier is not None
    assert (earlier.secret_check, earlier.former_checks) == ("third", [])
