"""What a changing request is answered is safe, also where it changed nothing.

A command waits until what it appended is safe. One that finds its work done, or is refused because
of what somebody else did an instant ago, may have seen what is not safe yet
(``projections.database.flushing``): its answer waits for that.
"""

from __future__ import annotations

from flask import Flask, Response, current_app, g, request

from api.http.context import EXTENSION, container

# Answers that depend on what was seen; the others say something about the request alone.
_OF_THE_STATE = (404, 409)


def install(app: Flask) -> None:
    """Makes answers wait. Must come after ``auth.install``; a request with an idempotency key waits
    by itself."""

    @app.before_request
    def begin() -> None:
        if current_app.extensions[EXTENSION] is not None:
            container().database.begin_answer()

    @app.after_request
    def finish(response: Response) -> Response:
        if _may_tell_unsafe(response):
            try:
                container().database.finish_answer()
            except Exception as error:
                return app.make_response(app.handle_user_exception(error))
        return response


def _may_tell_unsafe(response: Response) -> bool:
    if g.get("key") is None or request.method in ("GET", "HEAD", "OPTIONS"):
        return False
    if g.get("idempotent") is not None:
        return False
    return response.status_code < 300 or response.status_code in _OF_THE_STATE
