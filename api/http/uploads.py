"""Bodies of requests: small ones in memory, uploads in a file that is removed with the request."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from time import time
from typing import IO, NamedTuple, cast

from flask import Flask, Response, g, request
from flask_smorest import abort
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

# In bytes.
CHUNK = 64 * 1024
LARGEST = 1 << 30
_PREFIX = "sendtrail-upload-"
# Seconds after which no request uses its file any more.
_FORGOTTEN = 86_400.0

# Endpoints whose bodies may be larger than memory. An import commits its rows as it goes; an import
# that is done again after a crash finds them registered.
ENDPOINTS = frozenset({"leads.import_csv"})

# Where an application keeps, by the name of another endpoint, what tells whether this request may
# send such a body.
ADMITS = "sendtrail_admits"

# In the environment of a server's question: may a body come that is larger than other bodies may
# be? The server asks before it reads such a body, so that nobody without a key can fill a disk.
ASKS = "sendtrail.asks"


class Upload(NamedTuple):
    """The file that holds a body, and the body's SHA-256, in hex."""

    path: Path
    sha256: str


def install(app: Flask) -> None:
    """Answers what a server asks, and removes the file of an upload at the end of its request,
    and those now that were left by processes that were killed. Must come after ``auth.install``:
    who may not ask is not answered."""
    remove_left()

    @app.before_request
    def admit() -> Response | None:
        if ASKS not in request.environ:
            return None
        admits = app.extensions.get(ADMITS, {}).get(request.endpoint)
        if request.endpoint not in ENDPOINTS and not (admits and admits()):
            raise RequestEntityTooLarge
        return Response(status=HTTPStatus.CONTINUE)

    @app.teardown_request
    def remove(error: BaseException | None) -> None:
        folder: tempfile.TemporaryDirectory[str] | None = g.pop("upload_folder", None)
        if folder is not None:
            folder.cleanup()


def remove_left() -> None:
    """Remove what a process that was killed has left of its uploads: people are in it."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            is_old = folder.stat().st_mtime < time() - _FORGOTTEN
        except OSError:  # another process was faster
            continue
        if is_old:
            shutil.rmtree(folder, ignore_errors=True)


def body() -> bytes:
    """This request's body in memory. Raises RequestEntityTooLarge (413).

    Werkzeug cuts a body without a declared length at the limit and raises nothing; such a body is
    refused here."""
    data = request.get_data(cache=True)
    limit = request.max_content_length
    if request.content_length is None and limit is not None and len(data) >= limit:
        raise RequestEntityTooLarge
    return data


def form_file(name: str) -> Path:
    """The file of the field ``name`` in this request's body, which is ``multipart/form-data`` and
    has nothing else. Aborts with 422 where it is not so. Raises RequestEntityTooLarge (413)."""
    whole = upload().path
    folder = Path(g.upload_folder.name)
    part = folder / "part"

    def place(
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return opened.enter_context(part.open("wb+"))

    parser = FormDataParser(place, max_form_memory_size=CHUNK, max_form_parts=10, silent=False)
    with ExitStack() as opened, whole.open("rb") as stream:
        try:
            _, form, files = parser.parse(
                stream, request.mimetype, whole.stat().st_size, request.mimetype_params
            )
        except ValueError:
            abort(400, message="expected a body of multipart/form-data that is whole")
        if form or [*files.keys()] != [name] or len(files.getlist(name)) != 1:
            abort(422, message=f"expected a form with the file '{name}' and nothing else")
    return part


def upload() -> Upload:
    """This request's body as a file, which the first call writes. Raises RequestEntityTooLarge
    (413)."""
    if g.get("upload") is None:
        g.upload_folder = tempfile.TemporaryDirectory(prefix=_PREFIX)
        path = Path(g.upload_folder.name) / "upload"
        digest = hashlib.sha256()
        request.max_content_length = LARGEST
        with path.open("wb") as file:
            while chunk := request.stream.read(CHUNK):
                digest.update(chunk)
                file.write(chunk)
        g.upload = Upload(path, digest.hexdigest())
    return cast(Upload, g.upload)


def beside(name: str) -> Path:
    """The path of another file in the folder of this request's upload, which goes with it."""
    upload()
    return Path(g.upload_folder.name) / name


def streamed(path: Path, mimetype: str) -> Response:
    """An answer with what is in a file, which may be gone before it is all sent."""
    stream = path.open("rb")

    def chunks() -> Iterator[bytes]:
        with stream:
            while chunk := stream.read(CHUNK):
                yield chunk

    response = Response(chunks(), mimetype=mimetype)
    response.headers["Content-Length"] = str(path.stat().st_size)
    response.call_on_close(stream.close)
    return response
