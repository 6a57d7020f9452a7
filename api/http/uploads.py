"""What comes in: small bodies whole, large ones on disk as they come, gone with the request."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import NamedTuple

from flask import Flask, g, request
from werkzeug.exceptions import RequestEntityTooLarge

PIECE = 64 * 1024
LARGEST = 1 << 30


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


def body() -> bytes:
    """This request's body in memory. One whose length the client does not say is cut at the limit
    by Werkzeug without a word; here it is refused like any other that is too large."""
    data = request.get_data(cache=True)
    limit = request.max_content_length
    if request.content_length is None and limit is not None and len(data) >= limit:
        raise RequestEntityTooLarge
    return data


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
