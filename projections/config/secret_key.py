"""The secret key of an installation: where it is found, and what is derived from it.

It encrypts what must not be read by whoever has a copy of the database: leads' keys, devices'
credentials, subscriptions' secrets. It is never in the database.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from secrets import token_hex

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import SettingsError
from projections.config.settings import Settings, parse_secret_key

# The file below the home of the bundled server, and the one that replaces it once the database has
# another secret key.
NAME, NEXT = "secret.key", "secret.key.new"
_LEAD_KEYS, _IDENTITY_KEY = b"sendtrail lead keys", b"sendtrail identity key"
_MAKE = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


def find(settings: Settings, *, make: bool = True) -> str:
    """The secret key that the settings name, or else the file ``secret.key`` below the home.

    The file is for the bundled server alone. It is made where it is missing, unless ``make`` is
    false. Raises SettingsError if there is no key, or a file cannot be read or has no key in it.
    """
    if settings.secret_key is not None:
        return settings.secret_key
    if settings.secret_key_file is not None:
        return _read(settings.secret_key_file, "SENDTRAIL_SECRET_KEY_FILE")
    if settings.database_url is not None:
        raise SettingsError(
            "SENDTRAIL_SECRET_KEY: expected a Fernet key beside SENDTRAIL_DATABASE_URL, the same"
            f" for every process; make one with: {_MAKE}"
        )
    path = settings.home.resolve() / NAME
    if not path.exists():
        if not make:
            raise SettingsError(f"SENDTRAIL_SECRET_KEY: expected a Fernet key here or in {path}")
        _make(path)
    return _read(path, str(path))


def new() -> str:
    """A new secret key."""
    return Fernet.generate_key().decode()


def in_home(settings: Settings) -> bool:
    """Whether the secret key is that of the file ``secret.key`` below the home."""
    return (settings.secret_key, settings.secret_key_file, settings.database_url) == (None,) * 3


def keep_next(home: Path, secret_key: str) -> None:
    """Write ``secret_key`` beside the file below ``home``, for ``put_next_in_place``.

    It is on the disk afterwards, whatever happens to the process. Raises SettingsError if there is
    no place for it.
    """
    path = home.resolve() / NEXT
    try:
        _draft(path, secret_key).replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise SettingsError(f"{path}: expected a place for a new file ({error.strerror})") from None


def put_next_in_place(home: Path) -> None:
    """Replace the file below ``home`` by what ``keep_next`` wrote; nothing if somebody else did."""
    folder = home.resolve()
    with suppress(FileNotFoundError):
        (folder / NEXT).replace(folder / NAME)
        _flush_folder(folder)


def finish_rotation(settings: Settings, fits: Callable[[str], bool]) -> str | None:
    """Put the key that ``keep_next`` wrote in its place and return it, if it ``fits``; else None.

    A process that replaced the secret key of the database may have died before it could do that.
    """
    path = settings.home.resolve() / NEXT
    if not in_home(settings) or not path.exists():
        return None
    found = _read(path, str(path))
    if not fits(found):
        return None
    put_next_in_place(settings.home)
    return found


@lru_cache(maxsize=8)
def key_cipher(secret_key: str) -> AESGCM:
    """The cipher that encrypts leads' keys under that secret key, derived once per process."""
    return _derived(secret_key, _LEAD_KEYS)


def identity_cipher(secret_key: str) -> AESGCM:
    """The cipher that encrypts the installation's identity key under that secret key."""
    return _derived(secret_key, _IDENTITY_KEY)


def _derived(secret_key: str, label: bytes) -> AESGCM:
    # Fernet's key is 32 random bytes: deriving another from it needs neither salt nor stretching.
    derivation = HKDF(SHA256(), length=32, salt=None, info=label)
    return AESGCM(derivation.derive(urlsafe_b64decode(secret_key)))


def _read(path: Path, name: str) -> str:
    """The key in that file. ``name`` is what an error calls it."""
    try:
        return parse_secret_key(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise SettingsError(f"{name}: expected a file to read ({error.strerror})") from None
    except ValueError:  # also if it is not ASCII
        raise SettingsError(f"{name}: expected a file with a Fernet key in it") from None


def _make(path: Path) -> None:
    """Write a new key to ``path``; the first of several processes that do so at once wins.

    The file is there with its whole content or not at all. It is on the disk before anything is
    encrypted with it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = _draft(path, new())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        finally:
            draft.unlink()
        _flush_folder(path.parent)
    except OSError as error:
        raise SettingsError(f"{path}: expected a place for a new file ({error.strerror})") from None


def _draft(path: Path, secret_key: str) -> Path:
    """A new file beside ``path`` with the key in it, on the disk, for its owner alone."""
    draft = path.with_name(f"{NAME}.{token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secret_key.encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        draft.unlink()
        raise
    return draft


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
