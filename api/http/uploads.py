"""Bodies of requests: small ones in memory, uploads in a file that is removed with the request."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import NamedTuple, cast

from flask import Flask, g, request
from werkzeug.exceptions import RequestEntityTooLarge

# In bytes.
CHUNK = 64 * 1024
LARGEST = 1 << 30


class Upload(NamedTuple):
    """The file that holds a body, and the body's SHA-256, in hex."""

    path: Path
    sha256: str


def install(app: Flask) -> None:
    """Removes the file of an upload at the end of its request."""

    @app.teardown_request
    def remove(error: BaseException | None) -> None:
        folder: tempfile.TemporaryDirectory[str] | None = g.pop("upload_folder", None)
        if folder is not None:
            folder.cleanup()


def body() -> bytes:
    """This request's body in memory. Raises RequestEntityTooLarge (413).

    Werkzeug cuts a body without a declared length at the limit and raises nothing; such a body is
    refused here."""
    data = request.get_data(cache=True)
    limit = request.max_content_length
    if request.content_length is None and limit is not None and len(data) >= limit:
        raise RequestEntityTooLarge
    return data


def upload() -> Upload:
    """This request's body as a file, which the first call writes. Raises RequestEntityTooLarge
    (413)."""
    if g.get("upload") is None:
        g.upload_folder = tempfile.TemporaryDirectory(prefix="sendtrail-")
        path = Path(g.upload_folder.name) / "upload"
        digest = hashlib.sha256()
        request.max_content_length = LARGEST
        with path.open("wb") as file:
            while chunk := request.stream.read(CHUNK):
                digest.update(chunk)
                file.write(chunk)
        g.upload = Upload(path, digest.hexdigest())
    return cast(Upload, g.upload)
