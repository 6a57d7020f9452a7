"""Bodies that may be larger than memory: on disk as they come, gone with the request."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import NamedTuple

from flask import Flask, g, request

PIECE = 64 * 1024
LARGEST = 1 << 40


class Upload(NamedTuple):
    """A received body and its SHA-256, in hex."""

    path: Path
    sha256: str


def install(app: Flask) -> None:
    @app.teardown_request
    def remove(error: BaseException | None) -> None:
        folder: tempfile.TemporaryDirectory[str] | None = g.pop("upload_folder", None)
        if folder is not None:
            folder.cleanup()


def received() -> Upload:
    """This request's body, which is read at the first call."""
    if g.get("upload") is None:
        g.upload_folder = tempfile.TemporaryDirectory(prefix="sendtrail-")
        path = Path(g.upload_folder.name) / "upload"
        digest = hashlib.sha256()
        request.max_content_length = LARGEST
        with path.open("wb") as file:
            while piece := request.stream.read(PIECE):
                digest.update(piece)
                file.write(piece)
        g.upload = Upload(path, digest.hexdigest())
    upload: Upload = g.upload
    return upload
