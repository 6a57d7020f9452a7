"""What all pages share: who may see them, how a refusal looks, and the files they load."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from api.http.errors import is_outage, log_fault
from api.web import (
    audit,
    bulk,
    calendar,
    campaigns,
    composing,
    devices,
    files,
    importing,
    languages,
    lists,
    messages,
    overview,
    pairing,
    people,
    person,
    replies,
    segments,
    sequences,
    settings,
    signals,
    signing_in,
    what_if,
    why_not,
)
from api.web.asking import ApiError
from api.web.rendering import render
from api.web.texts import gettext as _

SAFE = ("GET", "HEAD")
NOT_HERE = (404, 405)
# Paths that no person reads.
MACHINES = ("/api/", "/webhooks/", "/static/")
# What only somebody who is signed in gets.
SIGNED_IN = (
    overview,
    people,
    person,
    bulk,
    importing,
    segments,
    campaigns,
    composing,
    calendar,
    sequences,
    messages,
    why_not,
    what_if,
    devices,
    pairing,
    replies,
    audit,
    settings,
    signals,
    lists,
)


def install(app: Flask) -> None:
    """Serves the pages."""
    for blueprint in (
        files.blueprint,
        signing_in.blueprint,
        languages.blueprint,
        *(each.blueprint for each in SIGNED_IN),
    ):
        app.register_blueprint(blueprint)
    importing.install(app)
    _answer_browsers(app)


def _let_in() -> Answer | tuple[str, int] | None:
    """Who is signed in goes on; others sign in first and then get what they asked for."""
    g.began = perf_counter()
    g.key = signing_in.key_of_session()
    if g.key is None:
        return signing_in.sign_in_first()
    if request.endpoint == importing.UPLOAD and g.key.may("operator"):
        request.max_content_length = importing.MOST
    if request.method not in SAFE:
        signing_in.require_own_page()
    return None


def _answer_browsers(app: Flask) -> None:
    """Makes what is not there a page for whoever reads pages. Anybody else, and whoever asks the
    API, gets the API's JSON."""
    as_json: Any = app.error_handler_spec[None][None][HTTPException]

    def nothing_here(error: HTTPException) -> Any:
        reads = request.accept_mimetypes.best_match(("application/json", "text/html"))
        if reads != "text/html" or request.path.startswith(MACHINES):
            return as_json(error)
        try:
            g.key = signing_in.key_of_session()
        except Exception as fault:
            if not is_outage(fault):
                raise
        return _failed(error)

    for code in NOT_HERE:
        app.register_error_handler(code, nothing_here)


def _time(answer: Response) -> Response:
    answer.headers["Server-Timing"] = f"app;dur={1000 * (perf_counter() - g.began):.1f}"
    return answer


def _refused(error: ApiError) -> tuple[str, int]:
    """What the API said, as a page."""
    return render("refused.html", status=error.status, message=error.message), error.status


def _failed(error: HTTPException) -> tuple[str, int]:
    status = error.code or 500
    own = {404: _("Not found."), 405: _("This cannot be asked here.")}.get(status)
    has_words = own is None or error.description != type(error).description
    message = error.description if has_words else own
    return render("refused.html", status=status, message=message), status


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
    for _code in NOT_HERE:  # or the application's would go before
        _module.blueprint.register_error_handler(_code, _failed)
    _module.blueprint.register_error_handler(Exception, _fault)
