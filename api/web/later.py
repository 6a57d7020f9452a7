"""What takes longer than a page should.

A page asks the API for no more than there is time for, and shows that at once. Where there was
more, it has a link to the page that waits for all. Scripts follow it by themselves, and put the
part that it answers in the link's place.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from api.web import asking
from api.web.rendering import render

# People that a campaign's preview looks at before a page is shown.
PEOPLE = 1000


def most(at_once: int) -> int | None:
    """So much is looked at for this page; None is all, where its address says so."""
    return None if _is_whole() else at_once


def foreseen(campaign_id: UUID | str) -> dict[str, Any]:
    """The preview of the campaign."""
    path = f"/campaigns/{campaign_id}/preview"
    found: dict[str, Any] = asking.get(path, most=most(PEOPLE))
    return found


def render_part(page: str, part: str, **values: Any) -> str:
    """The page, or its part ``alone``, where a script asks for that."""
    alone = _is_whole() and "HX-Request" in request.headers
    return render(part if alone else page, alone=alone, **values)


def _is_whole() -> bool:
    return request.method == "GET" and asking.WHOLE in request.args
