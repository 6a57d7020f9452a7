"""``Idempotency-Key``: the same POST is done once, however often and however close together it
comes.

The command and its response are committed together. A client that got no response may ask again:
it gets the first response, or, if nothing was done, the command is done now. Responses are stored
for a day, without their secrets: a repeated response has null in the place of each. Where a view
notes other JSON in ``g.to_store``, that is stored: what it answers is about people, or is large.
"""

from __future__ import annotations

import hashlib
import re

from flask import Flask, Response, current_app, g, request
from flask_smorest import abort

from api.http import uploads
from api.http.context import container, key, now, outreach
from projections.records.idempotency import StoredResponse, Turn, keyed

HEADER = "Idempotency-Key"
LONGEST = 255
# Printable ASCII: what HTTP carries unchanged. A regular expression.
ALLOWED = r"^[ -~]+$"


class IdempotentRequest:
    """A request with an idempotency key: its turn, its fingerprint, and whether the response is the
    stored one."""

    def __init__(self, idempotency_key: str) -> None:
        identity = outreach().identity
        self.request_sha256 = keyed(identity, _fingerprint())
        self.replayed = False
        named = hashlib.sha256(idempotency_key.encode()).hexdigest()
        self.turn = Turn(container().database, key().name, keyed(identity, named), now())

    def stored_response(self) -> StoredResponse | None:
        """The response that was given to this key before; None for a new key."""
        return self.turn.stored(now())

    def finish(self, response: Response) -> None:
        """Commits what was done with its response. A fault of the server commits nothing, and a
        stored response is not stored again."""
        if not self.replayed and response.status_code < 500:
            body = g.get("to_store") or _without_secrets(response)
            stored = StoredResponse(self.request_sha256, response.status_code, body)
            self.turn.commit(stored, now())


def install(app: Flask) -> None:
    """Makes ``app`` honour the header. Must come after ``auth.install``: an idempotency key belongs
    to an API key."""

    @app.before_request
    def begin() -> Response | None:
        g.idempotent = None
        idempotency_key = request.headers.get(HEADER)
        if request.method != "POST" or idempotency_key is None or g.get("key") is None:
            return None
        if len(idempotency_key) > LONGEST or not re.search(ALLOWED, idempotency_key):
            abort(422, message=f"{HEADER}: expected 1 to {LONGEST} printable ASCII characters")
        idempotent = g.idempotent = IdempotentRequest(idempotency_key)
        stored = idempotent.stored_response()
        if stored is None:
            return None
        idempotent.replayed = True
        if stored.request_sha256 != idempotent.request_sha256:
            abort(422, message=f"{HEADER}: expected another key, this one had another request")
        response = Response(stored.body, stored.status, mimetype="application/json")
        response.headers["Idempotency-Replayed"] = "true"
        return response

    @app.after_request
    def finish(response: Response) -> Response:
        if g.get("idempotent") is None:
            return response
        try:
            g.idempotent.finish(response)
        except Exception as error:
            # Nothing was committed; the response must say so, in the one shape of errors.
            return app.make_response(app.handle_user_exception(error))
        return response

    @app.teardown_request
    def release(error: BaseException | None) -> None:
        idempotent: IdempotentRequest | None = g.pop("idempotent", None)
        if idempotent is not None:
            idempotent.turn.close()


def _without_secrets(response: Response) -> bytes:
    """The body to store: null for every field that is shown once, and else as it was given."""
    answer = response.get_json(silent=True) if (names := g.get("shown_once")) else None
    if not isinstance(answer, dict) or not answer.keys() & set(names):
        return response.get_data()
    blank = dict.fromkeys(name for name in names if name in answer)
    return current_app.json.dumps({**answer, **blank}).encode()


def _fingerprint() -> str:
    """SHA-256, in hex, of the method, the path with its query, and the body."""
    digest = hashlib.sha256(f"{request.method} {request.full_path}\0".encode())
    if request.endpoint in uploads.ENDPOINTS:
        digest.update(uploads.upload().sha256.encode())
    else:
        digest.update(uploads.body())
    return digest.hexdigest()
