"""The phone behind a device of GOWA: linking it, and its address book.

Source: the project's docs/openapi.yaml (``/devices/{device_id}/login``, its ``/code``, and
``/user/my/contacts``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from domain.addresses import from_jid
from domain.errors import ProviderError, UnsupportedError, WrongStateError
from domain.pairing import Contact, QrCode
from runners.gateways import qr_image
from runners.gateways.gowa import code_of, headers_of
from runners.gateways.http import NO_BASE_URL, Http, HttpResponse, base_url
from runners.gateways.http_connection import RawResponse
from runners.gateways.protocol import Unknown, Unreachable

# Bytes: an image of 512 by 512 has some kilobytes; an address book a hundred bytes a contact.
LONGEST_IMAGE = 1024 * 1024
LONGEST_BOOK = 16 * 1024 * 1024
# Seconds that its server may take to get a code from WhatsApp.
PAIRING_SECONDS = 60.0

# Where the server keeps its images, below whatever path a proxy puts before that.
_IMAGES = "/statics/"
_PATH = re.compile(r"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")
_CODE = re.compile(r"[A-Z0-9]{4}-?[A-Z0-9]{4}")


async def qr_code(
    http: Http, settings: Mapping[str, Any], credentials: Mapping[str, str]
) -> QrCode:
    """A code that the device's phone scans. Raises UnsupportedError, ProviderError and, where a
    phone is linked already, WrongStateError."""
    base, device = _device(settings)
    headers = headers_of(settings, credentials)
    results = await _login(
        http,
        ("GET", f"{base}/devices/{device}/login") if device else None,
        ("GET", f"{base}/app/login"),
        headers,
    )
    # Not the host that the server thinks it has: the login must not go elsewhere.
    path = urlsplit(str(results.get("qr_link"))).path
    if _IMAGES in path:
        path = path[path.index(_IMAGES) :]
    if not _PATH.fullmatch(path):
        raise ProviderError("the gateway gave no link to a QR code")
    image = await http.fetch(f"{base}{path}", headers=headers, longest=LONGEST_IMAGE)
    if not isinstance(image, RawResponse):
        raise ProviderError(f"the gateway gave no QR code: {image.reason}")
    if image.status != 200:
        raise ProviderError(f"the gateway gave no QR code: HTTP {image.status}")
    try:
        modules = qr_image.modules_of(image.body)
    except ValueError as error:
        raise ProviderError(f"the gateway's image is no QR code: {error}") from None
    seconds = results.get("qr_duration")
    return QrCode(modules, seconds if type(seconds) is int and seconds > 0 else None)


async def code(
    http: Http, settings: Mapping[str, Any], credentials: Mapping[str, str], phone: str
) -> str:
    """A code that is typed on the phone of the number ``phone`` (E.164), such as ``ABCD-1234``.
    Raises as ``qr_code`` does."""
    base, device = _device(settings)
    query = urlencode({"phone": phone.removeprefix("+")})
    results = await _login(
        http,
        ("POST", f"{base}/devices/{device}/login/code?{query}") if device else None,
        ("GET", f"{base}/app/login-with-code?{query}"),
        headers_of(settings, credentials),
    )
    found = results.get("pair_code")
    if not isinstance(found, str) or not _CODE.fullmatch(found):
        raise ProviderError("the gateway gave no pairing code")
    return found


async def contacts(
    http: Http, settings: Mapping[str, Any], credentials: Mapping[str, str]
) -> list[Contact]:
    """The people in the address book of the device's phone; groups are left out. Raises
    UnsupportedError and ProviderError."""
    base, _ = _device(settings)
    response = await http.ask(
        "GET",
        f"{base}/user/my/contacts",
        headers=headers_of(settings, credentials),
        longest=LONGEST_BOOK,
    )
    results = _results(response)
    # A book without contacts is null.
    items = results.get("data") or []
    if not isinstance(items, list):
        raise ProviderError("the gateway gave no list of contacts")
    return [contact for item in items if (contact := _contact(item)) is not None]


def _contact(item: object) -> Contact | None:
    if not isinstance(item, dict) or not isinstance(item.get("jid"), str):
        return None
    names = from_jid(item["jid"])
    if not names:
        return None
    numbers = [f"+{each.value}" for each in names if each.kind == "wa_id"]
    name = item.get("name")
    return Contact(numbers[0] if numbers else None, name if isinstance(name, str) else "")


async def _login(
    http: Http,
    asked: tuple[str, str] | None,
    of_header: tuple[str, str],
    headers: Mapping[str, str],
) -> dict[str, Any]:
    """The results of the request ``asked``; of ``of_header``, where the device is named by the
    header alone, if there is no name for a path, or no such path, as in older servers."""
    if asked is not None:
        response = await http.ask(*asked, headers=headers)
        if not _has_no_path(response):
            return _results(response)
    return _results(await http.ask(*of_header, headers=headers))


def _has_no_path(response: HttpResponse | Unreachable | Unknown) -> bool:
    """Whether the server knows no such path, rather than no such device."""
    if not isinstance(response, HttpResponse) or response.status not in (404, 405):
        return False
    return code_of(response) != "DEVICE_NOT_FOUND"


def _results(response: HttpResponse | Unreachable | Unknown) -> dict[str, Any]:
    if not isinstance(response, HttpResponse):
        raise ProviderError(f"the gateway gave no answer: {response.reason}")
    code = code_of(response)
    if code == "ALREADY_LOGGED_IN":
        raise WrongStateError("device", "logged_in", "pair")
    results = response.json.get("results")
    if response.status != 200:
        raise ProviderError(f"the gateway refused: {code}")
    if not isinstance(results, dict):
        raise ProviderError("the gateway's answer cannot be read")
    return results


def _device(settings: Mapping[str, Any]) -> tuple[str, str | None]:
    """The base URL, and the device's id in a path; None where the server has only one device, which
    needs no id. Raises UnsupportedError without a base URL."""
    base = base_url(settings)
    if base is None:
        raise UnsupportedError(f"the device cannot be asked: {NO_BASE_URL}")
    device = settings.get("device_id")
    return base, quote(str(device), safe="") if device else None
