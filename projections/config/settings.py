"""All settings, read and checked in one place; a bad one is named with what was expected."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
import phonenumbers
from cryptography.fernet import Fernet

from domain.errors import SettingsError
from projections.config.fault_points import POINTS

T = TypeVar("T")

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment says; seconds are float seconds.

    Without ``database_url`` the bundled PostgreSQL runs under ``home``.
    """

    database_url: str | None = None
    home: Path = Path("~/.sendtrail")
    secret_key: str | None = None
    enroll_every: float = 300.0
    campaign_every: float = 60.0
    broadcast_every: float = 5.0
    reap_every: float = 60.0
    monitor_every: float = 30.0
    notary_every: float = 60.0
    notify_every: float = 2.0
    lease_seconds: float = 60.0
    gateway_timeout: float = 30.0
    max_attempts: int = 5
    default_region: str | None = None
    # Case-folded, beside those that are always understood.
    stop_words: frozenset[str] = frozenset()
    log_level: str = "INFO"
    # For tests: the point at which this process dies, and the how many-th time.
    fault: tuple[str, int] | None = None


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in ``environ``. Raises SettingsError naming the first that is wrong."""
    source = _Source(environ)
    return Settings(
        database_url=source.get("DATABASE_URL", _url, None),
        home=source.get("HOME", lambda text: Path(text), Path("~/.sendtrail")).expanduser(),
        secret_key=source.get("SECRET_KEY", _secret, None),
        enroll_every=source.get("ENROLL_EVERY", _seconds, 300.0),
        campaign_every=source.get("CAMPAIGN_EVERY", _seconds, 60.0),
        broadcast_every=source.get("BROADCAST_EVERY", _seconds, 5.0),
        reap_every=source.get("REAP_EVERY", _seconds, 60.0),
        notary_every=source.get("NOTARY_EVERY", _seconds, 60.0),
        notify_every=source.get("NOTIFY_EVERY", _seconds, 2.0),
        monitor_every=source.get("MONITOR_EVERY", _seconds, 30.0),
        lease_seconds=source.get("LEASE_SECONDS", _seconds, 60.0),
        gateway_timeout=source.get("GATEWAY_TIMEOUT", _seconds, 30.0),
        max_attempts=source.get("MAX_ATTEMPTS", _attempts, 5),
        default_region=source.get("DEFAULT_REGION", _region, None),
        stop_words=source.get("STOP_WORDS", _words, frozenset()),
        log_level=source.get("LOG_LEVEL", _level, "INFO"),
        fault=source.get("FAULT", _fault, None),
    )


class _Source:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def get(self, name: str, parse: Callable[[str], T], default: T) -> T:
        text = self.environ.get(f"SENDTRAIL_{name}", "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            # The value may hold a password (a database URL does): it is not repeated.
            raise SettingsError(f"SENDTRAIL_{name}: expected {error}") from None


def _url(text: str) -> str:
    parts = re.match(r"postgres(?:ql)?(?:\+psycopg2)?://([^/?#]*)", text)
    expected = "a URL such as postgresql://user:password@host:5432/database"
    if parts is None:
        raise ValueError(expected)
    if parts.group(1).count("@") > 1 or parts.group(1).rpartition("@")[0].count(":") > 1:
        raise ValueError(f"{expected}, with %40 for an @ and %3A for a : in user or password")
    try:
        port = urlsplit(text).port
    except ValueError:
        raise ValueError(expected) from None
    if port == 0:
        raise ValueError(expected)
    return re.sub(r"^postgres(ql)?(\+psycopg2)?://", "postgresql://", text)


def _secret(text: str) -> str:
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


def _attempts(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100:
        raise ValueError("a whole number from 1 to 100")
    return int(text)


def _region(text: str) -> str:
    if text.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("a two-letter country code (ISO 3166-1) such as MY")
    return text.upper()


def _words(text: str) -> frozenset[str]:
    words = frozenset(" ".join(word.split()).casefold() for word in text.split(","))
    if not all(word and len(word) <= 40 for word in words):
        raise ValueError("words of at most 40 characters with commas between, e.g. fin,no mas")
    return words


def _level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise ValueError(f"one of {', '.join(LOG_LEVELS)}")
    return text.upper()


def _fault(text: str) -> tuple[str, int]:
    point, _, time = text.partition(":")
    if point not in POINTS or not (time.isascii() and time.isdigit() and int(time) > 0):
        raise ValueError(f"POINT:NUMBER, e.g. hand_over.after_commit:1, of {', '.join(POINTS)}")
    return point, int(time)
