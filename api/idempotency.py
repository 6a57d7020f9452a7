"""``Idempotency-Key``: the same POST done once, however often and however close together it comes.

The first answer is kept for a day. Should the process die between a command and the keeping of its
answer, the ids of what was created follow from the key, so that doing it again finds them taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from contextvars import ContextVar
from uuid import UUID, uuid4, uuid5

from flask import Flask, Response, g, request
from flask_smorest import abort

from api.context import house
from projections import first_answers
from projections.first_answers import Answer

HEADER = "Idempotency-Key"
LONGEST = 255

_ids: ContextVar[Callable[[], UUID]] = ContextVar("ids", default=uuid4)


def new_id() -> UUID:
    """A random id; in a request with a key, the next of those that follow from it."""
    return _ids.get()()


def install(app: Flask) -> None:
    """Must come after authentication: keys are per API key."""

    @app.before_request
    def look_up() -> Response | None:
        key = request.headers.get(HEADER)
        if request.method != "POST" or key is None or g.get("key") is None:
            return None
        if not 1 <= len(key) <= LONGEST or not key.isprintable():
            abort(422, message=f"{HEADER}: expected 1 to {LONGEST} printable characters")
        g.request_sha256 = _fingerprint()
        g.idempotency = ExitStack()
        g.alone = g.idempotency.enter_context(
            first_answers.alone(house().database, g.key.name, key)
        )
        now = house().outreach.clock()
        answer = first_answers.find(g.alone, g.key.name, key, now)
        if answer is None:
            _ids.set(_following_from(g.key.name, key))
            return None
        g.replayed = True
        if answer.request_sha256 != g.request_sha256:
            abort(422, message=f"{HEADER}: expected another key, this one had another request")
        response = Response(answer.body, answer.status, mimetype="application/json")
        response.headers["Idempotency-Replayed"] = "true"
        return response

    @app.after_request
    def keep(response: Response) -> Response:
        if g.get("alone") is not None and not g.get("replayed") and response.status_code < 500:
            answer = Answer(g.request_sha256, response.status_code, response.get_data())
            first_answers.keep(
                g.alone, g.key.name, request.headers[HEADER], answer, house().outreach.clock()
            )
        return response

    @app.teardown_request
    def release(error: BaseException | None) -> None:
        _ids.set(uuid4)
        stack: ExitStack | None = g.pop("idempotency", None)
        if stack is not None:
            g.pop("alone", None)
            stack.close()


def _following_from(key_name: str, key: str) -> Callable[[], UUID]:
    namespace = uuid5(house().outreach.namespace, f"{key_name}\0{key}")
    count = 0

    def following() -> UUID:
        nonlocal count
        count += 1
        return uuid5(namespace, str(count))

    return following


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{request.method} {request.full_path}\0".encode())
    digest.update(request.get_data(cache=True))
    return digest.hexdigest()
