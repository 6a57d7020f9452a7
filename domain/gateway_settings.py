"""What a device of each gateway may have in its settings and credentials, and what it needs.

Settings are in events and in answers, so credentials must never be among them. These checks are
made when a device is registered or changed, never when its events are read: settings of earlier
releases stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from domain import urls, values, webhook_secret
from domain.errors import InvalidInputError
from domain.hosts import AllowedHosts

CLOUD_BASE_URL = "https://graph.facebook.com"
LONGEST_CREDENTIAL = 10_000

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,3}")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


class Value(NamedTuple):
    """What a setting may be: ``expected`` in words."""

    is_good: Callable[[Any], bool]
    expected: str


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 200 and _is_plain(value)


def _is_plain(text: str) -> bool:
    return values.storable(text) and not _CONTROL.search(text)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_id(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= 200 and value.isascii() and value.isalnum()
    return _is_whole(value) and bool(value > 0)


def _is_number(value: Any, most: float) -> bool:
    is_number = isinstance(value, float) or _is_whole(value)
    return is_number and 0 <= value <= most


URL = Value(lambda value: isinstance(value, str), "a URL as text")
TEXT = Value(_is_text, "1 to 200 characters, without control characters")
ID = Value(_is_id, "an id as the provider shows it, of digits or letters")
VERSION = Value(
    lambda value: isinstance(value, str) and _VERSION.fullmatch(value) is not None,
    "a version such as v25.0",
)
FLAG = Value(lambda value: isinstance(value, bool), "true or false")
SHARE = Value(lambda value: _is_number(value, 1), "a number from 0 to 1")
MILLISECONDS = Value(lambda value: _is_number(value, 600_000), "milliseconds from 0 to 600000")
SEED = Value(
    lambda value: _is_whole(value) or _is_text(value), "a whole number of 64 bits or a text"
)

_HTTP = {"base_url": URL, "allow_http": FLAG}


class GatewayOptions(NamedTuple):
    """The names that a gateway knows.

    ``needed`` are the settings that it cannot do without, with what they are in words, and
    ``needed_credentials`` such credentials. Of ``together`` there are all or none.
    ``default_base_url`` is where requests go that ``base_url`` does not send elsewhere.
    """

    settings: Mapping[str, Value]
    needed: Mapping[str, str] = {}
    credentials: tuple[str, ...] = ()
    needed_credentials: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    default_base_url: str | None = None


GATEWAYS: Mapping[str, GatewayOptions] = {
    "sandbox": GatewayOptions(
        {
            "seed": SEED,
            "latency_ms": MILLISECONDS,
            "fail_rate": SHARE,
            "throttle_rate": SHARE,
            "timeout_rate": SHARE,
            "receipts": FLAG,
            "replies": SHARE,
        }
    ),
    "gowa": GatewayOptions(
        {**_HTTP, "device_id": TEXT},
        {"base_url": "the URL of the GOWA server, such as https://gowa.example.com"},
        ("username", "password", "webhook_secret"),
        together=("username", "password"),
    ),
    "cloud": GatewayOptions(
        {**_HTTP, "version": VERSION, "phone_number_id": ID, "business_account_id": ID},
        {"phone_number_id": "the number's id in the WhatsApp Manager"},
        ("access_token", "app_secret", "verify_token"),
        ("access_token",),
        default_base_url=CLOUD_BASE_URL,
    ),
    "wablas": GatewayOptions(
        _HTTP,
        {"base_url": "the URL of the account's server, such as https://your-server.wablas.com"},
        ("token", "secret_key", "webhook_secret"),
        ("token", "secret_key"),
    ),
    "whacenter": GatewayOptions(
        _HTTP,
        {"base_url": "the URL of the service, such as https://app.whacenter.com"},
        ("device_id", "webhook_secret"),
        ("device_id",),
    ),
}
_SETTINGS = {name for options in GATEWAYS.values() for name in options.settings}
# Names that are credentials wherever they are known.
_CREDENTIALS = {
    name for options in GATEWAYS.values() for name in options.credentials if name not in _SETTINGS
}


def check(gateway: str, settings: Mapping[str, Any], allowed: AllowedHosts) -> None:
    """Raise InvalidInputError unless a device of ``gateway`` can work with these settings.

    What ``allowed`` does not say may not be private.
    """
    options = GATEWAYS[gateway]
    for name in (name for name in settings if name not in options.settings):
        # What is no name at all may be anything, and is not repeated.
        field = f"settings.{name}" if _KEY.fullmatch(name) else "settings"
        if name.lower() in _CREDENTIALS or name.lower() in options.credentials:
            raise InvalidInputError(
                field,
                "it in credentials, which are kept encrypted: settings are in answers and events",
            )
        raise InvalidInputError(field, f"only {', '.join(options.settings)}, which {gateway} knows")
    for name, expected in options.needed.items():
        if name not in settings:
            raise InvalidInputError(f"settings.{name}", expected)
    for name, value in settings.items():
        if not options.settings[name].is_good(value):
            raise InvalidInputError(f"settings.{name}", options.settings[name].expected)
    if "base_url" in settings:
        urls.check(
            "settings.base_url",
            settings["base_url"],
            allow_http=settings.get("allow_http", False),
            allowed=allowed,
        )


def check_credentials(gateway: str, credentials: Mapping[str, str]) -> None:
    """Raise InvalidInputError unless a device of ``gateway`` can work with these ``credentials``.
    No error has a value of them."""
    options = GATEWAYS[gateway]
    known = ", ".join(options.credentials)
    if not credentials.keys() <= set(options.credentials):
        expected = f"only {known}, which {gateway} knows" if known else f"none: {gateway} has none"
        raise InvalidInputError("credentials", expected)
    for name, value in credentials.items():
        if not 1 <= len(value) <= LONGEST_CREDENTIAL or not _is_plain(value):
            raise InvalidInputError(
                f"credentials.{name}",
                f"1 to {LONGEST_CREDENTIAL} characters, without control characters",
            )
    if not credentials.keys() >= set(options.needed_credentials):
        needed = " and ".join(options.needed_credentials)
        raise InvalidInputError(
            "credentials", f"{needed}, which {gateway} needs (it knows {known})"
        )
    given = [name for name in options.together if name in credentials]
    if given and len(given) < len(options.together):
        raise InvalidInputError("credentials", f"{' and '.join(options.together)}, or neither")
    webhook_secret.check(credentials)


def check_anew(gateway: str, credentials: Mapping[str, str], stored: Collection[str]) -> None:
    """Raise InvalidInputError unless ``credentials`` have all the names of those that are
    ``stored``, because the device's requests go elsewhere from now on. Names that the gateway does
    not know do not count, because they cannot be given."""
    wanted = [name for name in GATEWAYS[gateway].credentials if name in stored]
    if not credentials.keys() >= set(wanted):
        raise InvalidInputError(
            "credentials",
            f"all that the device has anew ({', '.join(wanted)}) in the same request, because"
            " base_url leads elsewhere: none is sent where it was not meant to go",
        )


def origin(gateway: str, settings: Mapping[str, Any]) -> object:
    """Where the requests of a device go, to be compared with another: the origin of its
    ``base_url``, or, where that is none, all that is known."""
    url = settings.get("base_url") or GATEWAYS[gateway].default_base_url
    return (isinstance(url, str) and urls.origin(url)) or url
