"""All settings, read from the environment and checked in one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_type_hints
from urllib.parse import urlsplit

import msgspec
from cryptography.fernet import Fernet

from domain import phones, urls
from domain.campaign.definition import LONGEST_UNDO
from domain.errors import InvalidInputError, SettingsError
from domain.hosts import NONE, AllowedHosts, host_bits, parse_allowed
from domain.values import zone
from domain.windows import Window, quiet_hours
from domain.zones import House
from projections.config import database_url as database_urls
from projections.config.fault_points import POINTS
from projections.config.word_lists import consent_words, words

Network = IPv4Network | IPv6Network

# Every address of this machine for itself; the word for them in ``trusted_proxies``.
LOOPBACK = ("127.0.0.0/8", "::1/128")
# The settings that are never shown; addresses may have a password in them.
SECRETS = ("database_url", "secret_key", "new_secret_key", "api_key", "sentry_dsn", "otlp_endpoint")
# Who may see a path: everybody, whoever has an API key, nobody.
Door = Literal["open", "key", "off"]
ApprovalRule = Literal["off", "four-eyes"]
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def parse_secret_key(text: str) -> str:
    """The Fernet key as it is. Raises ValueError with what was expected if it is none."""
    try:
        Fernet(text)
    except ValueError:
        raise ValueError(
            "a Fernet key: 32 random bytes in URL-safe base64, 44 characters"
        ) from None
    return text


def _seconds(text: str) -> float:
    expected = "a number of seconds above 0 and up to 86400, e.g. 5 or 0.5"
    try:
        seconds = float(text)
    except ValueError:
        raise ValueError(expected) from None
    if not 0 < seconds <= 86400:
        raise ValueError(expected)
    return seconds


def _seconds_or_none(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise ValueError("a number of seconds from 0 to 3600, e.g. 3")
    return seconds


def _undo_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_UNDO:
        raise ValueError(f"a number of seconds from 0 to {LONGEST_UNDO}, e.g. 60")
    return seconds


def _attempts(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100:
        raise ValueError("a whole number from 1 to 100")
    return int(text)


def _region(text: str) -> str:
    if text.upper() not in phones.COUNTRIES:
        raise ValueError("a two-letter country code (ISO 3166-1) such as MY")
    return text.upper()


def _timezone(text: str) -> str:
    try:
        return str(zone(text))
    except InvalidInputError as error:
        raise ValueError(error.expected) from None


def _quiet_hours(text: str) -> Window:
    try:
        return quiet_hours(text, "quiet_hours")
    except InvalidInputError as error:
        raise ValueError(error.expected) from None


def _cap(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1000:
        raise ValueError("a whole number from 1 to 1000")
    return int(text)


def _connections(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise ValueError("a whole number from 1 to 100000")
    return int(text)


def _level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise ValueError(f"one of {', '.join(LOG_LEVELS)}")
    return text.upper()


def _networks(text: str) -> tuple[Network, ...]:
    networks: list[Network] = []
    for name in (name.strip() for name in text.split(",")):
        try:
            networks += map(ip_network, LOOPBACK if name == "loopback" else (name,))
        except ValueError:
            raise ValueError(
                host_bits(name)
                or "addresses, networks or loopback, with commas between,"
                " e.g. loopback,10.0.0.7,10.1.0.0/16,2001:db8::/48"
            ) from None
    return tuple(networks)


def _door(text: str) -> Door:
    for choice in get_args(Door):
        if text.lower() == choice:
            return cast(Door, choice)
    raise ValueError(f"one of {', '.join(get_args(Door))}")


def _approval(text: str) -> ApprovalRule:
    for choice in get_args(ApprovalRule):
        if text.lower() == choice:
            return cast(ApprovalRule, choice)
    raise ValueError(f"one of {', '.join(get_args(ApprovalRule))}")


def _fault(text: str) -> tuple[str, int]:
    point, _, time = text.partition(":")
    if point not in POINTS or not (time.isascii() and time.isdigit() and int(time) > 0):
        raise ValueError(f"POINT:NUMBER, e.g. dispatch.after_commit:1, of {', '.join(POINTS)}")
    return point, int(time)


def _server_url(text: str) -> str:
    if not urls.is_safe(text, allow_http=False):
        raise ValueError("a URL with https, or http to this machine, e.g. http://127.0.0.1:8000")
    return text


def _api_key(text: str) -> str:
    if not (text.isascii() and text.isprintable() and len(text) <= 200):
        raise ValueError("an API key, as sendtrail keys create prints it")
    return text


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        has_host = False
    if not has_host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise ValueError("a URL with http or https, such as http://127.0.0.1:4318")
    return text


def _path(text: str) -> Path:
    return Path(text).expanduser()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a process.

    A line below is all that there is to a setting: its field, its type with the parser of its text,
    and its default. The variable of the field ``enroll_every`` is ``SENDTRAIL_ENROLL_EVERY``. A
    parser raises ValueError with what was expected. ``read`` checks in the order of the lines.
    """

    # postgresql://…; without it the bundled PostgreSQL runs under ``home``.
    database_url: Annotated[str | None, database_urls.parse] = None
    home: Annotated[Path, _path] = msgspec.field(default_factory=lambda: _path("~/.sendtrail"))
    # A Fernet key, or the file that holds it; ``secret_key.find`` says which key holds.
    secret_key: Annotated[str | None, parse_secret_key] = None
    secret_key_file: Annotated[Path | None, _path] = None
    # What ``keys rotate-secret`` puts in its place, instead of one that it makes.
    new_secret_key: Annotated[str | None, parse_secret_key] = None
    # Seconds between two rounds of a runner.
    enroll_every: Annotated[float, _seconds] = 300.0
    campaign_every: Annotated[float, _seconds] = 60.0
    broadcast_every: Annotated[float, _seconds] = 5.0
    receive_every: Annotated[float, _seconds] = 1.0
    reap_every: Annotated[float, _seconds] = 60.0
    notary_every: Annotated[float, _seconds] = 60.0
    notify_every: Annotated[float, _seconds] = 2.0
    monitor_every: Annotated[float, _seconds] = 30.0
    # Seconds that a claim is held beyond its last slot.
    lease_seconds: Annotated[float, _seconds] = 60.0
    # Seconds until a gateway's response is given up as unknown.
    gateway_timeout: Annotated[float, _seconds] = 30.0
    # Dispatches of one message before it fails.
    max_attempts: Annotated[int, _attempts] = 5
    # A reply that comes within so many seconds of a message is automatic; 0: none is.
    auto_reply_seconds: Annotated[float, _seconds_or_none] = 3.0
    # The country of phones without a country code, as ISO 3166-1 alpha-2.
    default_region: Annotated[str | None, _region] = None
    # The clock of people of whom nothing else says where they are.
    timezone: Annotated[str, _timezone] = "UTC"
    # Local hours in which nobody is written to, as ``HH:MM-HH:MM``.
    quiet_hours: Annotated[Window | None, _quiet_hours] = None
    # How many messages a person may have in a day, over campaigns and sequences together.
    lead_daily_cap: Annotated[int | None, _cap] = None
    # Whether what is sent needs the approval of another one than who wrote it.
    approval: Annotated[ApprovalRule, _approval] = "off"
    # How long a campaign that started can be called back whole, unless it says otherwise.
    undo_seconds: Annotated[float, _undo_seconds] = 60.0
    # In normal form, beside those that are always understood.
    stop_words: Annotated[frozenset[str], words] = frozenset()
    # The purpose that each of these words consents to, in normal form.
    consent_words: Annotated[dict[str, str], consent_words] = {}
    # The proxies whose word on where a request comes from is believed.
    trusted_proxies: Annotated[tuple[Network, ...], _networks] = ()
    # Seconds for a request's line and headers, and for its body, or a response, of any size.
    header_seconds: Annotated[float, _seconds] = 10.0
    body_seconds: Annotated[float, _seconds] = 60.0
    # Seconds from a response to the connection's next request.
    keep_alive_seconds: Annotated[float, _seconds] = 75.0
    # How many connections one address may have to ``serve``.
    connections_per_address: Annotated[int, _connections] = 256
    # Private hosts that devices and subscriptions may be behind.
    allow_private_hosts: Annotated[AllowedHosts, parse_allowed] = NONE
    # Where ``mcp`` asks, and the API key that it asks with.
    url: Annotated[str, _server_url] = "http://127.0.0.1:8000"
    api_key: Annotated[str | None, _api_key] = None
    log_level: Annotated[str, _level] = "INFO"
    # Who may see /metrics, and /docs with /openapi.json.
    metrics: Annotated[Door, _door] = "open"
    docs: Annotated[Door, _door] = "open"
    # Where lines of the log are told beside standard error: traces by OTLP, and errors.
    otlp_endpoint: Annotated[str | None, _http_url] = None
    sentry_dsn: Annotated[str | None, _http_url] = None
    # For tests: the fault point at which this process dies, and the how many-th time, from 1.
    fault: Annotated[tuple[str, int] | None, _fault] = None

    @property
    def house(self) -> House:
        """What holds for everybody."""
        return House(self.timezone, self.quiet_hours, self.approval == "four-eyes")

    def __repr__(self) -> str:
        # Neither a key nor the password of the database get into a log or a traceback.
        shown = (name for name in self.__struct_fields__ if name not in SECRETS)
        return f"Settings({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in ``environ``; a variable that is unset or blank has the default.

    Raises SettingsError naming the first variable that is wrong, and what was expected of it.
    """
    values: dict[str, Any] = {}
    for name, annotation in get_type_hints(Settings, include_extras=True).items():
        variable = f"SENDTRAIL_{name.upper()}"
        text = environ.get(variable, "").strip()
        if not text:
            continue
        (parse,) = annotation.__metadata__
        try:
            values[name] = parse(text)
        except ValueError as error:
            # The value may hold a password (a database URL does): it is not repeated.
            raise SettingsError(f"{variable}: expected {error}") from None
    return Settings(**values)
