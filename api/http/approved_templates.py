"""What a device's provider has approved; the process that serves the API gives the reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

from flask import current_app

from api.http.context import container, now
from domain import template as templates
from domain.content import Content
from domain.errors import NotFoundError, SendtrailError, SettingsError, UnsupportedError
from domain.template import Approved
from projections.queries.preview import Preview
from projections.queries.preview_texts import TextWarning
from projections.readmodels import devices

EXTENSION = "sendtrail-templates"

# From settings and credentials of a device, and the most seconds it may take. Raises
# UnsupportedError and ProviderError.
Reader = Callable[[Mapping[str, Any], Mapping[str, str], float], list[Approved]]

# A person waits for the list, and a preview must not wait long for it.
LIST_SECONDS = 30.0
PREVIEW_SECONDS = 5.0
# A person who writes a campaign looks at its preview again and again.
KEPT_FOR = timedelta(minutes=1)
KEPT = "sendtrail-templates-kept"


def of_device(device_id: UUID) -> list[Approved]:
    """The templates of a device in service. Raises NotFoundError, UnsupportedError and
    ProviderError; 503 in a process without a reader."""
    row = _in_service().get(device_id)
    if row is None:
        raise NotFoundError("device in service", device_id)
    if row.gateway not in templates.GATEWAYS:
        raise UnsupportedError(f"a device behind {row.gateway} has no templates")
    reader = _reader()
    if reader is None:
        raise SettingsError("this process reads no templates")
    known = _read(reader, row, LIST_SECONDS)
    _keep(row, known)
    return known


def warnings(preview: Preview, written: Content) -> list[TextWarning]:
    """What stands against the template of ``written``, by what the providers of the previewed
    devices have approved. A provider that does not answer is a warning too."""
    reader = _reader()
    if reader is None or written.template is None:
        return []
    found: dict[str, TextWarning] = {}
    asked: set[object] = set()
    rows = _in_service()
    for share in preview.devices:
        row = rows.get(share.device_id)
        if row is None or row.gateway not in templates.GATEWAYS:
            continue
        account = row.settings.get("business_account_id")
        if account is not None and account in asked:
            continue
        asked.add(account)
        code, message = _verdict(reader, row, written)
        if code is not None:
            message = f"{row.name}: {message}"
            found[message] = TextWarning(code=code, field="template", message=message)
    return list(found.values())


def _verdict(reader: Reader, row: Any, written: Content) -> tuple[str | None, str]:
    """The code and the text of a warning; no code where nothing is wrong."""
    template = written.template
    assert template is not None  # noqa: S101 - the caller looked
    try:
        known = _kept(row)
        if known is None:
            known = _read(reader, row, PREVIEW_SECONDS)
            _keep(row, known)
    except SendtrailError as error:
        return "template_unchecked", f"the template could not be checked: {error}"
    same = [each for each in known if each.name == template.name]
    approved = next((each for each in same if each.language == template.language), None)
    if approved is None:
        languages = ", ".join(sorted(each.language for each in same))
        there = f"only in {languages}" if same else "not there"
        return "template_unknown", f"the template in {template.language} is {there}"
    if approved.status != "APPROVED":
        return "template_not_approved", f"the template is {approved.status}"
    wrong = templates.misfit(template, approved, written.media_url)
    return ("template_variables", f"template.{wrong}") if wrong else (None, "")


class _Kept(NamedTuple):
    """What a provider said of a device that had these settings and credentials."""

    settings: Mapping[str, Any]
    ciphertext: bytes | None
    until: datetime
    known: list[Approved]


def _kept(row: Any) -> list[Approved] | None:
    """What its provider has said of the device within ``KEPT_FOR``; None where it has not."""
    kept: _Kept | None = current_app.extensions.get(KEPT, {}).get(row.device_id)
    if kept is None or kept[:2] != (row.settings, _bytes(row.ciphertext)) or kept.until <= now():
        return None
    return kept.known


def _keep(row: Any, known: list[Approved]) -> None:
    kept = current_app.extensions.setdefault(KEPT, {})
    until = now() + KEPT_FOR
    kept[row.device_id] = _Kept(row.settings, _bytes(row.ciphertext), until, known)


def _bytes(ciphertext: Any) -> bytes | None:
    return None if ciphertext is None else bytes(ciphertext)


def _reader() -> Reader | None:
    return cast(Reader | None, current_app.extensions.get(EXTENSION))


def _in_service() -> dict[UUID, Any]:
    with container().database.transaction() as connection:
        return {row.device_id: row for row in devices.in_service(connection)}


def _read(reader: Reader, row: Any, seconds: float) -> list[Approved]:
    credentials = container().secrets.read(row.ciphertext)
    return reader(row.settings, credentials, seconds)
