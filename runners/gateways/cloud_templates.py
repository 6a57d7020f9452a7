"""The templates that a business account of the WhatsApp Cloud API has.

A device needs ``business_account_id`` in its settings, and the token the permission
``whatsapp_business_management``. Source: developers.facebook.com/documentation/business-messaging
(WhatsApp Business Account, message_templates).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from domain.errors import ProviderError, UnsupportedError
from domain.gateway_settings import CLOUD_BASE_URL
from domain.template import Approved, Asked, HeaderKind
from runners.gateways.cloud import VERSION
from runners.gateways.http import (
    NO_BASE_URL,
    Http,
    HttpResponse,
    base_url,
    header_value,
    lacking,
)

FIELDS = "name,language,status,category,components"
PER_PAGE = 100
# Of a provider that never says that this was the last page.
MOST_PAGES = 100
# Bytes. A template has at most some kilobytes, and its examples.
LONGEST_PAGE = 4 * 1024 * 1024

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_HEADERS: dict[object, HeaderKind] = {"IMAGE": "image", "VIDEO": "video", "DOCUMENT": "document"}


async def read(
    http: Http, settings: Mapping[str, Any], credentials: Mapping[str, str]
) -> list[Approved]:
    """Every template of the device's account, whatever its status.

    Raises UnsupportedError where the device lacks a setting or credential, and ProviderError where
    the provider does not answer or refuses.
    """
    needed = ("business_account_id",)
    problem = lacking(settings, credentials, needed, ("access_token",))
    base = base_url({**settings, "base_url": settings.get("base_url") or CLOUD_BASE_URL})
    if problem or base is None:
        raise UnsupportedError(f"the device has no list of templates: {problem or NO_BASE_URL}")
    path = (settings.get("version") or VERSION, settings["business_account_id"])
    url = "/".join((base, *(quote(str(part), safe="") for part in path), "message_templates"))
    headers = {"Authorization": f"Bearer {header_value(credentials['access_token'])}"}
    found: list[Approved] = []
    query = {"fields": FIELDS, "limit": str(PER_PAGE)}
    for _ in range(MOST_PAGES):
        response = await http.ask(
            "GET", f"{url}?{urlencode(query)}", headers=headers, longest=LONGEST_PAGE
        )
        if not isinstance(response, HttpResponse):
            raise ProviderError(f"the provider gave no answer: {response.reason}")
        items = response.json.get("data")
        if response.status != 200 or not isinstance(items, list):
            raise ProviderError(f"the provider refused: {_code(response)}")
        found += [template for item in items if (template := parsed(item)) is not None]
        after = _next_page(response.json)
        if after is None:
            break
        # Not the URL that the provider gives: it has the token in it, and may lead elsewhere.
        query["after"] = after
    return found


def parsed(item: object) -> Approved | None:
    """A template from the provider's JSON; None for what is none."""
    if not isinstance(item, dict):
        return None
    name, language, status, category = (
        _text(item.get(key)) for key in ("name", "language", "status", "category")
    )
    if not name or not language:
        return None
    header: HeaderKind | None = None
    header_names: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()
    for component in _objects(item.get("components")):
        match component.get("type"):
            case "HEADER":
                header_names = _names(component.get("text"))
                header = "text" if header_names else _HEADERS.get(_text(component.get("format")))
            case "BODY":
                body = _names(component.get("text"))
            case "BUTTONS":
                buttons = tuple(
                    str(index)
                    for index, button in enumerate(_objects(component.get("buttons")))
                    if button.get("type") == "URL" and _names(button.get("url"))
                )
    asked = Asked(header=header, header_names=header_names, body=body, buttons=buttons)
    return Approved(name=name, language=language, status=status, category=category, asked=asked)


def _names(text: object) -> tuple[str, ...]:
    """The names of the variables in a template's text, each once, in their order."""
    return tuple(dict.fromkeys(_VARIABLE.findall(_text(text))))


def _next_page(json: Mapping[str, Any]) -> str | None:
    paging = json.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    return _text(cursors.get("after")) or None if isinstance(cursors, dict) else None


def _code(response: HttpResponse) -> str:
    error = response.json.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return f"code {code}" if isinstance(code, int) else f"HTTP {response.status}"


def _objects(value: object) -> Iterator[dict[str, Any]]:
    """The objects of a JSON list; of a list's other values empty ones, so that places stay."""
    for item in value if isinstance(value, list) else ():
        yield item if isinstance(item, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
