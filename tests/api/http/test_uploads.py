"""Files of uploads: a process that was killed leaves people in one, and the next removes it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from api import create_app
from projections.container import Container

DAY = 86_400


def test_what_a_killed_process_left_is_removed_after_a_day(
    container: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that may still be in use stays, and so does what is not an upload's."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name, days in (("sendtrail-upload-a", 2), ("sendtrail-upload-b", 0), ("other-c", 2)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "upload").write_text("phone\n+60120000001\n")
        at = folder.stat().st_mtime - days * DAY
        os.utime(folder, (at, at))

    create_app(container)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["other-c", "sendtrail-upload-b"]
