"""``Idempotency-Key``: the same POST done once, however often and however close together it comes.

The command and its answer are committed together: whoever hears nothing may ask again, and gets
either the first answer or, if nothing was done, the doing of it. Answers are kept for a day.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from datetime import datetime

from flask import Flask, Response, g, request
from flask_smorest import abort
from sqlalchemy import Connection

from api.http import uploads
from api.http.context import container
from projections.records import idempotency
from projections.records.idempotency import Answer

HEADER = "Idempotency-Key"
LONGEST = 255

# Whose bodies may be larger than memory. An import commits its rows as it goes; an import that is
# done anew after a crash finds them known.
UPLOADS = frozenset({"leads.import_csv"})


class Turn:
    """A request's turn with its key, and the transaction in which it is done."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.request_sha256 = _fingerprint()
        self.replayed = False
        self._stack = ExitStack()
        self.connection: Connection = self._stack.enter_context(
            container().database.engine.connect()
        )
        self.connection.begin()
        idempotency.wait_for_turn(self.connection, g.key.name, key)
        self._stack.enter_context(container().database.joined(self.connection))

    def answer(self) -> Answer | None:
        return idempotency.find(self.connection, g.key.name, self.key, _now())

    def finish(self, response: Response) -> None:
        """Commits what was done with its answer; an answer that is our own fault undoes it."""
        if not self.replayed and response.status_code < 500:
            answer = Answer(self.request_sha256, response.status_code, response.get_data())
            idempotency.keep(self.connection, g.key.name, self.key, answer, _now())
            reach = container().database.reach
            reach("command.before_commit")
            self.connection.commit()
            reach("command.after_commit")

    def close(self) -> None:
        """What is not committed by now is rolled back."""
        self._stack.close()


def install(app: Flask) -> None:
    """Must come after authentication: keys are per API key."""

    @app.before_request
    def begin() -> Response | None:
        g.turn = None
        key = request.headers.get(HEADER)
        if request.method != "POST" or key is None or g.get("key") is None:
            return None
        if not 1 <= len(key) <= LONGEST or not key.isprintable():
            abort(422, message=f"{HEADER}: expected 1 to {LONGEST} printable characters")
        turn = g.turn = Turn(key)
        answer = turn.answer()
        if answer is None:
            return None
        turn.replayed = True
        if answer.request_sha256 != turn.request_sha256:
            abort(422, message=f"{HEADER}: expected another key, this one had another request")
        response = Response(answer.body, answer.status, mimetype="application/json")
        response.headers["Idempotency-Replayed"] = "true"
        return response

    @app.after_request
    def finish(response: Response) -> Response:
        if g.get("turn") is None:
            return response
        try:
            g.turn.finish(response)
        except Exception as error:
            # Nothing was committed; the answer must say so, in the one shape.
            return app.make_response(app.handle_user_exception(error))
        return response

    @app.teardown_request
    def release(error: BaseException | None) -> None:
        turn: Turn | None = g.pop("turn", None)
        if turn is not None:
            turn.close()


def _now() -> datetime:
    return container().outreach.clock()


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{request.method} {request.full_path}\0".encode())
    if request.endpoint in UPLOADS:
        digest.update(uploads.received().sha256.encode())
    else:
        digest.update(uploads.body())
    return digest.hexdigest()
