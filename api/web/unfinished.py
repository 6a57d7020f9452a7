"""A form that was sent when its session was over: what was written in it is kept on the page that
signs in, and shown again afterwards. Nothing of it is stored, and nothing is done before its reader
says so again."""

from __future__ import annotations

from typing import NamedTuple

from flask import request

# What is not written anew: proofs are of one session, and secrets are in no page.
_PROOF = "proof"
_SECRET = ("credentials.", "key")
# Names of the fields that keep another form's path and its fields.
PATH, PREFIX = "kept_path", "kept."


class Unfinished(NamedTuple):
    """Where a form was sent to, and its fields in order."""

    path: str
    fields: list[tuple[str, str]]


def sent_now() -> Unfinished | None:
    """The form of this request. None for one that no page of ours has sent, or that has nothing
    but files in it."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return None
    return _made(request.path, list(request.form.items(multi=True)))


def kept() -> Unfinished | None:
    """The one that the page that signs in has kept."""
    path = request.form.get(PATH, "")
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        return None
    fields = [
        (name.removeprefix(PREFIX), value)
        for name, value in request.form.items(multi=True)
        if name.startswith(PREFIX)
    ]
    return _made(path, fields)


def _made(path: str, fields: list[tuple[str, str]]) -> Unfinished | None:
    shown = [each for each in fields if each[0] != _PROOF and not each[0].startswith(_SECRET)]
    return Unfinished(path, shown) if shown else None
