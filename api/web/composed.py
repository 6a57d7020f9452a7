"""What is written in the form of a campaign, as the API takes it, and a campaign as that form.

Shares are written in percent. Rows of windows and of variants have each of their fields once for
every row; a row in which nothing is written is none.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from flask import request

from api.web import composed_template, forms
from api.web.asking import ApiError
from api.web.texts import gettext as _
from api.web.zones import zone
from domain.values import zone as zone_of

# The zone of a campaign that everybody gets at the same time of the own clock.
RECIPIENT = "recipient"
EVERY_DAY = "1,2,3,4,5,6,7"
ROW: dict[str, Any] = {"days": "", "start": "", "end": ""}
VARIANT: dict[str, Any] = {"name": "", "share": "", "body": ""}
# Empty rows of the form beside those that are filled.
SPARE_WINDOWS, SPARE_VARIANTS = 2, 2
# What a new campaign's form has. Numbers that are left empty are the API's own.
NEW: dict[str, Any] = {
    "name": "",
    "niche": "",
    "segment_id": "",
    "requires_consent": "",
    "target_status": "all",
    "body": "",
    "at": "",
    "timezone": "",
    "device_ids": [],
    "windows": [],
    "media_url": "",
    "min_delay_seconds": "",
    "max_delay_seconds": "",
    "expires_after_hours": "",
    "undo_seconds": "",
    "ignore_cap": False,
    "brake": True,
    "brake_opt_outs": "5",
    "brake_failures": "20",
    "brake_at_least": "50",
    "variants": [],
    "hold_out": "",
    "version": "",
    **composed_template.NEW,
}
_TEXTS = (
    "name",
    "niche",
    "segment_id",
    "requires_consent",
    "target_status",
    "at",
    "timezone",
    "media_url",
    "min_delay_seconds",
    "max_delay_seconds",
    "expires_after_hours",
    "undo_seconds",
    "brake_opt_outs",
    "brake_failures",
    "brake_at_least",
    "hold_out",
)


def days() -> list[tuple[str, str]]:
    """The weekdays of a window, to choose from."""
    names = [_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday")]
    names += [_("Saturday"), _("Sunday")]
    return [
        ("", _("Every day")),
        ("1,2,3,4,5", _("Monday to Friday")),
        ("6,7", _("Saturday and Sunday")),
        *((str(number), name) for number, name in enumerate(names, 1)),
    ]


def clocks() -> list[tuple[str, str]]:
    """Whose clock shows the time at which a campaign starts, to choose from."""
    yours = _("Yours: {zone}")
    return [
        ("", yours.format(zone=zone())),
        (RECIPIENT, _("Each recipient's own")),
        *((each, each.replace("_", " ")) for each in _zones()),
    ]


@cache
def _zones() -> list[str]:
    return ["UTC", *sorted(each for each in available_timezones() if _is_of_a_place(each))]


def _is_of_a_place(name: str) -> bool:
    return "/" in name and not name.startswith(("Etc/", "SystemV/", "posix/", "right/", "US/"))


def given(*, whole: bool) -> dict[str, Any]:
    """What was written, as the API takes it; not ``whole``: what may be changed after the start."""
    variants = _variants()
    body: dict[str, Any] = {
        "name": forms.text("name"),
        "media_url": forms.text("media_url") or None,
        "template": composed_template.given(),
        "variants": variants,
    }
    if not variants:
        body["body"] = _text(request.form.get("body", ""))
    if not whole:
        return body
    body |= {
        "niche": forms.words("niche"),
        "segment_id": forms.text("segment_id") or None,
        "requires_consent": forms.text("requires_consent") or None,
        "target_status": forms.text("target_status") or "all",
        "device_ids": request.form.getlist("device_ids"),
        "windows": windows(),
        "min_delay_seconds": forms.number("min_delay_seconds") or 0,
        "expires_after_hours": forms.number("expires_after_hours"),
        "ignore_cap": "ignore_cap" in request.form,
        "brake": _brake(),
        "hold_out": _share("hold_out", forms.number("hold_out")) or 0,
    }
    for name in ("max_delay_seconds", "undo_seconds"):
        if forms.text(name):
            body[name] = forms.number(name)
    return body | at(forms.text("at"), forms.text("timezone"))


def at(typed: str, clock: str) -> dict[str, Any]:
    """When it starts: a time as it was typed, by one of ``clocks``. Without one it is not said any
    more."""
    if not typed:
        return {"scheduled_at": None, "timezone": None if clock == RECIPIENT else clock or None}
    if clock:
        return {"scheduled_at": typed, "timezone": clock}
    try:
        own = datetime.fromisoformat(typed).replace(tzinfo=zone()).isoformat()
    except ValueError:
        own = typed  # the API says what was expected
    return {"scheduled_at": own, "timezone": None}


def of_campaign(campaign: dict[str, Any]) -> dict[str, Any]:
    """A campaign of the API as the form has it."""
    brake = campaign["brake"]
    found = {
        **NEW,
        **{name: campaign.get(name) for name in _TEXTS if name in campaign},
        "niche": ", ".join(campaign["niche"]),
        "body": campaign["body"],
        "at": _local(campaign),
        "version": campaign["version"],
        "timezone": campaign["timezone"] or "",
        "device_ids": campaign["device_ids"],
        "ignore_cap": campaign["ignore_cap"],
        "brake": brake is not None,
        "windows": window_rows(campaign["windows"]),
        "variants": [{**each, "share": percent(each["share"])} for each in campaign["variants"]],
        "hold_out": percent(campaign["hold_out"]) if campaign["hold_out"] else "",
        **composed_template.of(campaign["template"]),
    }
    if brake is not None:
        found |= {
            "brake_opt_outs": percent(brake["opt_outs"]),
            "brake_failures": percent(brake["failures"]),
            "brake_at_least": brake["at_least"],
        }
    return found


def of_form() -> dict[str, Any]:
    """What was just written, as the form has it."""
    form = request.form
    return {
        **NEW,
        **{name: form.get(name, NEW[name]) for name in (*_TEXTS, *composed_template.NEW)},
        # That which was looked at, whatever is there by now.
        "version": form.get("version", ""),
        "body": _text(form.get("body", "")),
        "device_ids": form.getlist("device_ids"),
        "ignore_cap": "ignore_cap" in form,
        "brake": "brake" in form,
        "windows": _rows("window", ROW),
        "variants": _rows("variant", VARIANT),
    }


def percent(share: float | None) -> str:
    """A share as it is written."""
    return "" if share is None else f"{share * 100:.12g}"


def _rows(prefix: str, empty: dict[str, Any]) -> list[dict[str, Any]]:
    columns = [request.form.getlist(f"{prefix}_{name}") for name in empty]
    rows = [dict(zip(empty, each, strict=True)) for each in zip(*columns, strict=False)]
    return [row for row in rows if any(map(str.strip, row.values()))]


def windows() -> list[dict[str, Any]]:
    """The rows of windows, as the API takes them."""
    return [
        {
            "weekdays": [
                int(day) for day in (row["days"] or EVERY_DAY).split(",") if day.isdecimal()
            ],
            "start": row["start"].strip() or "00:00",
            "end": row["end"].strip() or "24:00",
        }
        for row in _rows("window", ROW)
    ]


def window_rows(windows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Windows of the API as rows."""
    rows = []
    for window in windows:
        end, days = window["end"], ",".join(map(str, window["weekdays"]))
        row = {"days": "" if days == EVERY_DAY else days, "start": window["start"]}
        rows.append({**row, "end": "" if end == "24:00" else end})
    return rows


def _variants() -> list[dict[str, Any]]:
    return [
        {
            "name": row["name"].strip(),
            "body": _text(row["body"]),
            "share": _share(f"variants[{number}].share", forms.as_number(row["share"])),
        }
        for number, row in enumerate(_rows("variant", VARIANT), 1)
    ]


def _brake() -> dict[str, Any] | None:
    if "brake" not in request.form:
        return None
    shares = {name: forms.number(f"brake_{name}") for name in ("opt_outs", "failures")}
    found: dict[str, Any] = {name: _share(f"brake.{name}", share) for name, share in shares.items()}
    if forms.text("brake_at_least"):
        found["at_least"] = forms.number("brake_at_least")
    return found


def _share(path: str, written: float | str | None) -> float | str | None:
    """A share of what was written in percent. What is no number goes on to the API. Raises ApiError
    for what is no percentage, which the API would say of shares."""
    if not isinstance(written, int | float):
        return written
    if not 0 <= written <= 100:
        expected = _("expected a percentage from 0 to 100")
        raise ApiError(422, {"message": f"{path}: {expected}"})
    return round(written / 100, 14)


def _local(campaign: dict[str, Any]) -> str:
    """When it starts, as a field for instants has it: by the clock that it names, else by the
    reader's."""
    if campaign["local_time"]:
        return str(campaign["local_time"])
    if campaign["scheduled_at"] is None:
        return ""
    clock = zone_of(campaign["timezone"]) if campaign["timezone"] else zone()
    local = datetime.fromisoformat(campaign["scheduled_at"]).astimezone(clock)
    return local.replace(tzinfo=None).isoformat(timespec="minutes")


def _text(written: str) -> str:
    """Texts keep their white space; browsers send other ends of lines."""
    return written.replace("\r\n", "\n")
