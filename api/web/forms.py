"""What pages that change something share."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from flask import abort, g, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from api.web import asking
from api.web.asking import ApiError
from api.web.texts import gettext as _
from projections.records.api_keys import Role

# The field that makes a form the same change, however often it is sent.
ONCE = "once"
# Refusals that a person mends in the form; whatever else is refused has a page of its own.
IN_FORM = (409, 422)


def may(role: Role) -> bool:
    """Whether who is signed in may do what needs ``role``. A button that would be refused is not
    shown."""
    return g.get("key") is not None and g.key.may(role)


def need(role: Role) -> None:
    """403 for a page that only changes something, unless who is signed in may."""
    if not may(role):
        abort(403, f"This needs a key of role {role} or above.")


def actor() -> str:
    """Who is signed in, as the log names them."""
    return f"api:{g.key.name}"


def once() -> str:
    """The value of ``ONCE`` in a form that is shown now."""
    return secrets.token_urlsafe(12)


def once_given() -> str:
    """The value that the form was sent with."""
    return request.form.get(ONCE, "")


def seen() -> dict[str, int]:
    """The version that the form showed, as bodies of approvals and changes have it."""
    version = request.form.get("version", "")
    return {"version": int(version)} if version.isascii() and version.isdigit() else {}


def mendable(error: ApiError) -> ApiError:
    """The refusal, to be shown in the form. Raises it where the form cannot mend it."""
    if error.status not in IN_FORM:
        raise error
    if error.message.startswith("Idempotency-Key"):  # somebody went back to a form that was sent
        told = _("This form was sent before. Load the page again to send something else.")
        return ApiError(error.status, {"message": told})
    return error


def overtaken(error: ApiError, path: str, address: str) -> ApiError:
    """The refusal; where somebody else changed what the API has at that path, or above it, since
    the form was shown, it says who, and where to see it."""
    if not str(error.errors.get("state", "")).startswith("at version "):
        return error
    id_ = path.split("/")[2]
    found = asking.get("/audit/events", originator_id=id_, limit=500)["items"]
    since = [each for each in found if each["originator_version"] > seen()["version"]]
    who = since[-1]["actor"].partition(":")[2] if since else _("Somebody")
    told = _("%(who)s changed it meanwhile, so nothing of this was kept.") % {"who": who}
    return ApiError(error.status, {"message": told, "errors": error.errors}, again=address)


# What a form that changes something answers: where to go on, or its page with the refusal.
Answer = Response | tuple[str, int]


def change(
    method: str,
    path: str,
    body: Mapping[str, Any] | None,
    then: str,
    again: Callable[[ApiError], str],
) -> Answer:
    """Sends the change that this form asks for, once, and goes on to ``then``. What the form can
    mend is shown by ``again``. Raises ApiError for any other refusal."""
    try:
        asking.send(method, path, body, once_given() if method == "POST" else "")
    except ApiError as error:
        return again(overtaken(mendable(error), path, then)), error.status
    return redirect(then, 303)


def written(action: str) -> MultiDict[str, str]:
    """What the form with that ``action`` was sent with, where this page answers it, because it was
    refused; else nothing."""
    is_sent = request.method == "POST" and request.path == action
    return request.form if is_sent else MultiDict()


def text(name: str) -> str:
    """What was written in a field, without white space around it."""
    return request.form.get(name, "").strip()


def words(name: str) -> list[str]:
    """A field of words between commas, semicolons or ends of lines."""
    return [each.strip() for each in re.split(r"[,;\n]", text(name)) if each.strip()]


def pairs(name: str) -> dict[str, str]:
    """A field with a name, a colon and a value in each line. Raises ApiError for another line."""
    found = {}
    for line in filter(str.strip, text(name).splitlines()):
        key, colon, value = line.partition(":")
        if not colon:
            raise ApiError(422, {"message": f"{name}: expected lines such as city: Ipoh"})
        found[key.strip()] = value.strip()
    return found


def number(name: str) -> int | float | str | None:
    """A number as it was written in a field (``as_number``)."""
    return as_number(text(name))


def as_number(written: str) -> int | float | str | None:
    """A number; a text that is none goes on to the API, which says so. None for nothing."""
    written = written.strip()
    for kind in (int, float):
        try:
            return kind(written)
        except ValueError:
            continue
    return written or None
