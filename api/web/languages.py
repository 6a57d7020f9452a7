"""The choice of a language, which the browser keeps."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response as Answer

from api.web import texts
from api.web.signing_in import LOOPBACK, own_path

# In seconds: a year.
KEPT = 365 * 24 * 3600

blueprint = Blueprint("web_languages", __name__)


@blueprint.get("/language/<code>")
def choose(code: str) -> Answer:
    """Shows pages in the language from now on, and goes back. Nothing else changes, so a link is
    enough, also before signing in. 404 for a language that there is not."""
    if code not in texts.LANGUAGES:
        abort(404)
    answer = redirect(own_path(request.args.get("next", "/")), 303)
    answer.set_cookie(
        texts.COOKIE,
        code,
        max_age=KEPT,
        httponly=True,
        samesite="Strict",
        secure=request.is_secure or request.remote_addr not in LOOPBACK,
        path="/",
    )
    return answer
