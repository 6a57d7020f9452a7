"""The files that pages load. Their addresses change with their content, so browsers keep them."""

from __future__ import annotations

import mimetypes
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from flask import Blueprint, Response, abort

STATIC = Path(__file__).parent / "static"
# In seconds: a year.
KEPT = 365 * 24 * 3600

blueprint = Blueprint("web_files", __name__)


class File(NamedTuple):
    """A file's content, its kind, and the beginning of its digest."""

    content: bytes
    kind: str
    version: str


@blueprint.get("/static/<path:name>")
def show(name: str) -> Response:
    """A file. 404 for one that there is not."""
    found = _files().get(name)
    if found is None:
        abort(404)
    answer = Response(found.content, mimetype=found.kind)
    answer.headers["Cache-Control"] = f"public, max-age={KEPT}, immutable"
    return answer


def address(name: str) -> str:
    """Where pages load the file."""
    return f"/static/{name}?v={_files()[name].version}"


@cache
def _files() -> dict[str, File]:
    """All files by their names, read once."""
    found = {}
    for path in STATIC.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            kind = mimetypes.guess_type(path.name)[0] or "text/plain"
            version = sha256(content).hexdigest()[:12]
            found[path.relative_to(STATIC).as_posix()] = File(content, kind, version)
    return found
