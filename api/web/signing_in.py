"""Sign in with an API key, or a link; the session's cookie; and the proof that a change was asked
for on one of our pages."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote, urlsplit

from flask import Blueprint, Response, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from api.http import auth
from api.http.context import container, now
from api.web import unfinished
from api.web.rendering import offer, render
from api.web.unfinished import Unfinished
from projections.records import web_sessions
from projections.records.api_keys import Key

COOKIE = "sendtrail_session"
# The field, and the header of scripts, that hold the proof.
PROOF = "proof"
PROOF_HEADER = "X-Proof"
LOOPBACK = ("127.0.0.1", "::1")

blueprint = Blueprint("web_signing_in", __name__)


def key_of_session() -> Key | None:
    """The key that this request's session is of."""
    return _key_of(secret())


def _key_of(session: str) -> Key | None:
    if not session:
        return None
    with container().database.reading() as connection:
        return web_sessions.find(connection, session, now())


def secret() -> str:
    """The secret of this request's session; empty where there is none."""
    return request.cookies.get(COOKIE, "")


def proof() -> str:
    """What a form of this session has to send: nobody else's page knows it. Before signing in it is
    empty."""
    return _proof_of(secret())


def _proof_of(session: str) -> str:
    return hmac.new(session.encode(), b"proof", hashlib.sha256).hexdigest() if session else ""


def require_own_page() -> None:
    """403 unless this change was asked for on a page of ours."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    given = request.form.get(PROOF) or request.headers.get(PROOF_HEADER, "")
    if site != "same-origin" or not hmac.compare_digest(given.encode(), proof().encode()):
        abort(403)


@blueprint.get("/sign-in")
def form() -> str:
    """The form; with ``link`` a button that signs in, so that who only looks at a link does not use
    it up."""
    return _form(link=request.args.get("link", ""))


def sign_in_first() -> Answer | tuple[str, int]:
    """What somebody gets who is not signed in. What was asked for comes after signing in; what was
    written in a form is shown again."""
    if request.method in ("GET", "HEAD"):
        wanted = quote(request.full_path.rstrip("?"))
        return redirect(f"{url_for('web_signing_in.form')}?next={wanted}", 303)
    written = unfinished.sent_now()
    if written is None:
        return redirect(url_for("web_signing_in.form"), 303)
    return _form(written), 401


@blueprint.post("/sign-in")
def sign_in() -> Answer | tuple[str, int]:
    """Begins a session."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site not in ("same-origin", "none"):
        abort(403)
    link, key = request.form.get("link", ""), request.form.get("key", "").strip()
    begun = _by_link(link) if link else _by_key(key)
    if begun is None:
        return _form(unfinished.kept(), wrong="link" if link else "key"), 401
    written = unfinished.kept()
    answer: Answer = redirect(_next(), 303)
    if written is not None:
        g.key = _key_of(begun)
        shown = render("again.html", unfinished=written, new_proof=_proof_of(begun))
        answer = Response(shown, mimetype="text/html")
    answer.set_cookie(
        COOKIE,
        begun,
        httponly=True,
        samesite="Strict",
        secure=request.is_secure or request.remote_addr not in LOOPBACK,
        path="/",
    )
    return answer


@blueprint.post("/sign-out")
def sign_out() -> Response | Answer:
    """Ends the session."""
    g.key = key_of_session()
    if g.key is not None:
        require_own_page()
        with container().database.transaction() as connection:
            web_sessions.end(connection, secret())
    answer = redirect(url_for("web_signing_in.form"), 303)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
    return answer


def _form(written: Unfinished | None = None, link: str = "", wrong: str = "") -> str:
    return render("sign_in.html", link=link, next=_next(), wrong=wrong, unfinished=written)


def _by_key(given: str) -> str | None:
    found = auth.find(given) if given else None
    if found is None:
        return None
    with container().database.transaction() as connection:
        return web_sessions.begin(connection, found.name, now())


def _by_link(given: str) -> str | None:
    with container().database.transaction() as connection:
        return web_sessions.redeem(connection, given, now())


def _next() -> str:
    """Where to go then."""
    return own_path(request.values.get("next", "/"))


def own_path(wanted: str) -> str:
    """A path of ours, whatever the request names."""
    parts = urlsplit(wanted)
    plain = not parts.scheme and not parts.netloc and wanted.startswith("/")
    return wanted if plain and not wanted.startswith(("//", "/\\")) else "/"


offer(proof=proof)
