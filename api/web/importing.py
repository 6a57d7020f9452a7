"""Importing a file of people in steps: give it, see what would become of it, say what columns are,
import it, and take home the rows that were rejected.

The file is kept for its session between the steps (``records/web_uploads``), because a browser
gives a file once. Each step asks the API's import about it.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from api.http import uploads
from api.http.context import container, now
from api.http.csv_answers import CSV, JSON
from api.web import asking, forms, signing_in
from api.web.asking import ApiError
from api.web.rendering import offer, render
from api.web.texts import gettext as _
from domain.visible import visible
from projections.records import web_uploads

blueprint = Blueprint("web_import", __name__)

# The endpoint whose body may be as large as a file.
UPLOAD = "web_import.upload"
# In bytes: the file, and the fields of its form.
MOST = web_uploads.LARGEST + 64 * 1024
# Rejected rows on the page; the file has all.
SHOWN = 20


def fields() -> dict[str, str]:
    """What a column may be, by the API's names, as people call it."""
    return {
        "phone": _("Phone"),
        "name": _("Name"),
        "niche": _("Niche"),
        "triggers": _("Triggers"),
        "target_status": _("Target status"),
        "device": _("Device"),
        "timezone": _("Time zone"),
        "opted_out": _("Opted out"),
        "opt_out_evidence": _("What proves the opt-out"),
    }


def _called(field: str) -> str:
    """What is told of a column or a row, by the API's name, as people call it."""
    others = {
        "attribute": _("Attribute"),
        "attributes": _("Attributes"),
        "nothing": _("nothing"),
        "row": _("the whole row"),
    }
    return (fields() | others).get(field, field.replace("_", " "))


def install(app: Flask) -> None:
    """Lets the form's file come where bodies are admitted: from who is signed in and may import."""
    app.extensions[uploads.ADMITS] = {UPLOAD: _admits}


def _admits() -> bool:
    key = signing_in.key_of_session()
    size = request.content_length
    return key is not None and key.may("operator") and size is not None and size <= MOST


@blueprint.get("/import")
def show() -> str:
    """The form for a file."""
    forms.need("operator")
    return _start()


@blueprint.post("/import")
def upload() -> Answer | tuple[str, int]:
    """Keeps the file, and goes on to what would become of it."""
    forms.need("operator")
    file = request.files.get("file")
    kept = False
    if file is not None and file.filename:
        name = visible(file.filename)[-200:]
        with container().database.transaction() as connection:
            kept = web_uploads.put(
                connection,
                signing_in.secret(),
                name,
                file.stream,
                secret_key=container().secret_key,
                now=now(),
            )
    if not kept:
        most = web_uploads.LARGEST // (1024 * 1024)
        message = f"file: expected a file of people that is not empty, of {most} MiB at most"
        return _start(ApiError(422, {"message": message})), 422
    country = request.form.get("country") or None
    return redirect(url_for(".check", country=country), 303)


@blueprint.get("/import/check")
def check() -> str | Answer | tuple[str, int]:
    """What would become of the file, read as the address says. Nothing is written."""
    forms.need("operator")
    file = _file()
    if file is None:
        return redirect(url_for(".show"), 303)
    try:
        summary = _import(file[1], dry_run=True)
    except ApiError as error:
        return _checked(file[0], None, forms.mendable(error)), error.status
    return _checked(file[0], summary)


@blueprint.post("/import/run")
def run() -> str | Answer | tuple[str, int]:
    """Imports the file, read as it was shown."""
    forms.need("operator")
    file = _file()
    if file is None:
        return redirect(url_for(".show"), 303)
    try:
        summary = _import(file[1], dry_run=False)
    except ApiError as error:
        return _checked(file[0], None, forms.mendable(error)), error.status
    return render("import_done.html", name=file[0], summary=summary, options=urlencode(_asked()))


@blueprint.get("/import/rejected")
def rejected() -> Answer:
    """The rows that are rejected, with their cells and why, as a file that can be mended."""
    forms.need("operator")
    file = _file()
    if file is None:
        return redirect(url_for(".show"), 303)
    found = _asked_import(file[1], dry_run=True, accept=CSV)
    name = re.sub(r"[^A-Za-z0-9-]+", "-", file[0].rpartition(".")[0])[:60] or "rows"
    headers = {"Content-Disposition": f'attachment; filename="{name}-rejected.csv"'}
    return Response(found.get_data(), mimetype=CSV, headers=headers)


@blueprint.post("/import/forget")
def forget() -> Answer:
    """Deletes the file that is kept."""
    forms.need("operator")
    with container().database.transaction() as connection:
        web_uploads.forget(connection, signing_in.secret())
    return redirect(url_for(".show"), 303)


def _file() -> tuple[str, bytes] | None:
    with container().database.reading() as connection:
        return web_uploads.find(
            connection, signing_in.secret(), secret_key=container().secret_key, now=now()
        )


def _asked() -> list[tuple[str, str]]:
    """The options of this request, as the API's import takes them."""
    given = request.values
    chosen = zip(given.getlist("column"), given.getlist("is"), strict=False)
    asked = [("map", f"{field}:{column}") for column, field in chosen if column and field]
    asked += [("map", each) for each in given.getlist("map")]
    if given.get("update"):
        asked.append(("update", "true"))
    if country := given.get("country"):
        asked.append(("country", country))
    if triggers := given.get("add_triggers", "").strip():
        asked.append(("add_triggers", triggers))
    return asked


def _import(content: bytes, *, dry_run: bool) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_asked_import(content, dry_run=dry_run).get_data())
    return found


def _asked_import(content: bytes, *, dry_run: bool, accept: str = JSON) -> Answer:
    """What the API answers to the file, read as this request says. Raises ApiError."""
    query: dict[str, Any] = {"dry_run": "true" if dry_run else None}
    for name, value in _asked():
        query.setdefault(name, []).append(value)
    answer = asking.ask(
        "POST",
        "/leads/import",
        query,
        content=content,
        content_type="application/octet-stream",
        once="" if dry_run else forms.once_given(),
        accept=accept,
    )
    if answer.status_code >= 400:
        raise asking.refusal(answer)
    return answer


def _start(wrong: ApiError | None = None) -> str:
    return render("import.html", wrong=wrong, most=web_uploads.LARGEST // (1024 * 1024))


def _checked(name: str, summary: dict[str, Any] | None, wrong: ApiError | None = None) -> str:
    asked = _asked()
    mapped = {}
    for option, value in asked:
        if option == "map":
            field, _colon, column = value.partition(":")
            mapped[column] = field
    columns = dict.fromkeys(mapped)
    if summary is not None:
        read = summary["columns"]
        columns = {each: read[each] for each in sorted(read, key=lambda each: read[each]["number"])}
    return render(
        "import_check.html",
        name=name,
        summary=summary,
        columns=columns,
        mapped=mapped,
        fields=list(fields().items()),
        asked=asked,
        options=urlencode(asked),
        update=any(option == "update" for option, _value in asked),
        country=request.values.get("country", ""),
        add_triggers=request.values.get("add_triggers", ""),
        shown=SHOWN,
        wrong=wrong,
    )


offer(called=_called)
