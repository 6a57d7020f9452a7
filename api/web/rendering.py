"""Templates and what they need: texts in the reader's language, instants in the reader's zone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from flask import g, request
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from api.web import countries, files, forms, places, stories, texts
from api.web.asking import ApiError
from api.web.instants import NOTHING, when
from domain.message import STATUSES
from domain.visible import visible, visible_json, visible_lines

# Seconds between two looks at something that moves.
EVERY = 5


def render(template: str, **values: Any) -> str:
    """A page, or a part of one."""
    page = _environment.get_template(template)
    made = page.render(values)
    if any(isinstance(each, ApiError) and each.faults for each in values.values()):
        # The refusal is above the form, which has said only now what its fields are called.
        made = page.render(values)
    return made


def fault_of(wrong: ApiError | None, path: str, label: str) -> str:
    """What was refused of the field of a form that has this label; ``path`` is the API's."""
    if wrong is None:
        return ""
    wrong.call(path, label)
    return wrong.fault(path)


def offer(**functions: Callable[..., Any]) -> None:
    """Gives templates more functions."""
    _environment.globals |= functions


def day(written: str) -> str:
    """A day of the calendar as the reader's language writes it."""
    return format_date(date.fromisoformat(written), "d MMM y", locale=texts.language())


def wall(written: str) -> str:
    """A time without a zone, as clocks on the wall show it, as the reader's language writes it."""
    at = datetime.fromisoformat(written)
    return format_datetime(at, "d MMM y, HH:mm", locale=texts.language())


def number(value: float | None) -> str:
    """A number as the reader's language writes it."""
    return NOTHING if value is None else format_decimal(value, locale=texts.language())


def written(value: object) -> str:
    """A value as a field has it: a number without an empty fraction."""
    return "" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)


def by_life(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Counts of messages by status, in the order in which a message has them."""
    return [(status, counts[status]) for status in STATUSES if status in counts]


def percent(share: float) -> str:
    """A share as the reader's language writes it, to a tenth of a percent."""
    return format_percent(share, "#,##0.#%", locale=texts.language())


def outside(text: object) -> Markup:
    """A text from outside: what cannot be seen is shown, and it keeps its own direction."""
    return Markup("<bdi>{}</bdi>").format(visible(str(text))) if text else NOTHING


def story(text: str) -> Markup:
    """A sentence of the API as people say it (``stories``)."""
    return stories.told(text) or stories.with_instants(text) if text else NOTHING


def logged(text: str) -> Markup:
    """A sentence of the API as it is in the log, in which instants are as the reader reads them."""
    return stories.with_instants(text) if text else NOTHING


def who(actor: str) -> str:
    """Who did something, without what kind of actor that is and which of its processes it was."""
    kind, _, name = actor.partition(":")
    return name.split(":")[0] if kind == "runner" else name or kind


def lines(text: str) -> Markup:
    """A text from outside that may have several lines."""
    return Markup("<bdi>{}</bdi>").format(visible_lines(text))


def outside_json(data: Any) -> str:
    """Data as JSON, in which what cannot be seen is written as JSON's escapes."""
    return visible_json(json.dumps(data, indent=1, ensure_ascii=False))


def here_with(**changed: str) -> str:
    """The address of this page with some of its filters changed."""
    return f"{request.path}?{urlencode({**request.args.to_dict(), **changed})}"


def here_again() -> str:
    """The address of this page with its filters; of a form's answer, where to begin again."""
    return request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else "/"


def csv_address(path: str) -> str:
    """The address of a list as CSV, with the filters of this page."""
    return f"/csv{path}?{urlencode(request.args.to_dict())}"


def live(address: str) -> Markup:
    """Attributes of an element whose content is asked for every few seconds."""
    return Markup('hx-get="{}" hx-trigger="every {}s" hx-swap="innerHTML"').format(address, EVERY)


def _made() -> Environment:
    environment = Environment(
        loader=PackageLoader("api.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        # What a filter makes of a constant differs by the reader's language.
        optimized=False,
    )
    environment.install_gettext_callables(texts.gettext, texts.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "by_life": by_life,
        "current": places.current,
        "day": day,
        "when": when,
        "lines": lines,
        "logged": logged,
        "outside_json": outside_json,
        "number": number,
        "outside": outside,
        "percent": percent,
        "story": story,
        "waited": stories.waited,
        "wall": wall,
        "who": who,
        "word": texts.word,
        "written": written,
    }
    environment.globals |= {
        "countries": countries.choices,
        "country_name": countries.name,
        "csv_address": csv_address,
        "file": files.address,
        "here": lambda: request.path,
        "here_again": here_again,
        "here_with": here_with,
        "language": texts.language,
        "languages": texts.choices,
        "live": live,
        "may": forms.may,
        "once": forms.once,
        "every_day_places": places.every_day,
        "fault_of": fault_of,
        "further_places": places.further,
        "sent_to": forms.written,
        "reader": lambda: g.get("key"),
    }
    return environment


_environment = _made()
