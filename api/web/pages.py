"""What all pages share: who may see them, how a refusal looks, and the files they load."""

from __future__ import annotations

from time import perf_counter
from urllib.parse import quote

from flask import Flask, Response, g, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from api.http.errors import is_outage, log_fault
from api.web import (
    audit,
    campaigns,
    devices,
    files,
    lists,
    messages,
    overview,
    pairing,
    people,
    person,
    replies,
    sequences,
    settings,
    signing_in,
    why_not,
)
from api.web.asking import ApiError
from api.web.rendering import render
from api.web.texts import gettext as _

SAFE = ("GET", "HEAD")
# What only somebody who is signed in gets.
SIGNED_IN = (
    overview,
    people,
    person,
    campaigns,
    sequences,
    messages,
    why_not,
    devices,
    pairing,
    replies,
    audit,
    settings,
    lists,
)


def install(app: Flask) -> None:
    """Serves the pages."""
    for blueprint in (
        files.blueprint,
        signing_in.blueprint,
        *(each.blueprint for each in SIGNED_IN),
    ):
        app.register_blueprint(blueprint)


def _let_in() -> Answer | None:
    """Who is signed in goes on; others sign in first and then get what they asked for."""
    g.began = perf_counter()
    g.key = signing_in.key_of_session()
    if g.key is None:
        wanted = request.full_path.rstrip("?") if request.method in SAFE else "/"
        return redirect(f"{url_for('web_signing_in.form')}?next={quote(wanted)}", 303)
    if request.method not in SAFE:
        signing_in.require_own_page()
    return None


def _time(answer: Response) -> Response:
    answer.headers["Server-Timing"] = f"app;dur={1000 * (perf_counter() - g.began):.1f}"
    return answer


def _refused(error: ApiError) -> tuple[str, int]:
    """What the API said, as a page."""
    return render("refused.html", status=error.status, message=error.message), error.status


def _failed(error: HTTPException) -> tuple[str, int]:
    status = error.code or 500
    return render(
        "refused.html", status=status, message=error.description or _("Not found.")
    ), status


def _fault(error: Exception) -> tuple[str, int]:
    """The database is away, or it is a fault of ours."""
    if is_outage(error):
        message = _("Try again in a moment. Nothing was changed by this page.")
        return render("refused.html", status=503, message=message), 503
    log_fault(error)
    message = _("A fault of ours. It was logged.")
    return render("refused.html", status=500, message=message), 500


for _module in SIGNED_IN:
    _module.blueprint.before_request(_let_in)
    _module.blueprint.after_request(_time)
for _module in (signing_in, *SIGNED_IN):
    _module.blueprint.register_error_handler(ApiError, _refused)
    _module.blueprint.register_error_handler(HTTPException, _failed)
    _module.blueprint.register_error_handler(Exception, _fault)
