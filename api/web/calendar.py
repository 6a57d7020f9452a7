"""Campaigns by day, a month at a time, in the reader's zone."""

from __future__ import annotations

from calendar import Calendar
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from babel.dates import format_date, get_day_names
from flask import Blueprint, request

from api.http.context import now
from api.web import asking, texts
from api.web.asking import ApiError
from api.web.rendering import render
from api.web.zones import zone

blueprint = Blueprint("web_calendar", __name__)

# Of a list that is read to its end, so many pages at most.
PAGE, MOST_PAGES = 200, 10


class Day(NamedTuple):
    """A day of the page; it may be of the month before or after."""

    date: date
    in_month: bool
    is_today: bool
    campaigns: list[dict[str, Any]]


@blueprint.get("/calendar")
def show() -> str:
    """The month that the address names, else this one."""
    today = now().astimezone(zone()).date()
    month = request.args.get("month", f"{today:%Y-%m}")
    try:
        first = date.fromisoformat(f"{month}-01")
        by_day, is_whole = _campaigns()
        weeks = [
            [Day(day, day.month == first.month, day == today, by_day.get(day, [])) for day in week]
            for week in Calendar().monthdatescalendar(first.year, first.month)
        ]
        before, after = first - timedelta(days=1), first + timedelta(days=31)
    except (ValueError, OverflowError):
        raise ApiError(422, {"message": "month: expected such as 2026-03"}) from None
    language = texts.language()
    names = get_day_names("abbreviated", locale=language)
    return render(
        "calendar.html",
        month=format_date(first, "MMMM y", locale=language),
        weekdays=[names[number] for number in range(7)],
        weeks=weeks,
        before=f"{before:%Y-%m}",
        after=f"{after:%Y-%m}",
        is_whole=is_whole,
    )


def _campaigns() -> tuple[dict[date, list[dict[str, Any]]], bool]:
    """Campaigns by the day on which they begin, and whether these are all."""
    found: dict[date, list[dict[str, Any]]] = {}
    cursor = None
    for _ in range(MOST_PAGES):
        page = asking.get("/campaigns", limit=PAGE, cursor=cursor)
        for each in page["items"]:
            if each["scheduled_at"]:
                at = datetime.fromisoformat(each["scheduled_at"]).astimezone(zone())
                found.setdefault(at.date(), []).append(each)
        cursor = page["next_cursor"]
        if cursor is None:
            return found, True
    return found, False
