"""Lists as files: what a page shows, with its filters, as CSV."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, request

from api.web import asking
from api.web.zones import with_offsets

blueprint = Blueprint("web_lists", __name__)


@blueprint.get("/csv/<path:path>")
def csv(path: str) -> Response:
    """The list of the API at ``path`` as CSV."""
    answer = asking.ask("GET", f"/{path}", with_offsets(request.args.to_dict()), accept="text/csv")
    if answer.status_code >= 400:
        raise asking.refusal(answer)
    if answer.mimetype != "text/csv":
        abort(404)  # it is no list
    name = re.sub("[^a-z0-9-]", "-", path)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(answer.get_data(), mimetype="text/csv", headers=headers)
