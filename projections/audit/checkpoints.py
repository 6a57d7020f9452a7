"""Checkpoints: where the hash chain stood, to be kept where the database's owner cannot write.

A checkpoint may be signed with an Ed25519 key that is not kept beside the database. What is signed
is everything but the signature, as JSON with sorted keys and no spaces.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.errors import InvalidInputError, NotFoundError
from projections.audit import hash_chain
from projections.database import installation
from projections.database.engine import Database


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the hash chain of one database stood; its fields are those of the exported file.

    ``installation`` is a digest of the installation; in files of earlier versions it is the UUID
    that ids of leads were derived from. ``digest`` is the chain's after the event of the
    notification id ``position``, in hexadecimal. ``signature`` is in base64, None if unsigned.
    """

    installation: str
    position: int
    digest: str
    sealed_at: datetime
    signature: str | None = None


def make(
    database: Database, now: Callable[[], datetime], private_key: bytes | None = None
) -> Checkpoint:
    """Extend the chain to the end of the log and make a checkpoint of it.

    It is signed if there is a ``private_key``, in PEM. Raises NotFoundError if the log is empty,
    InvalidInputError if the key is no Ed25519 private key.
    """
    key = None if private_key is None else _private(private_key)
    hash_chain.extend(database, now)
    with database.transaction() as connection:
        link = hash_chain.latest(connection)
    if link is None:
        raise NotFoundError("event", "to make a checkpoint of")
    made = Checkpoint(
        installation=installation.digest(installation.namespace(database)),
        position=link.last_id,
        digest=link.digest.hex(),
        sealed_at=link.chained_at,
    )
    if key is None:
        return made
    signature = b64encode(key.sign(_signed(made))).decode()
    return msgspec.structs.replace(made, signature=signature)


def check(database: Database, checkpoint: Checkpoint, public_key: bytes | None) -> str | None:
    """Compare a checkpoint with the chain; return what is wrong, None if nothing is.

    The signature is checked if there is a ``public_key``, in PEM; a bad key raises
    InvalidInputError. Whether the log fits the chain is for ``hash_chain.verify``.
    """
    if public_key is not None and not _is_signed(checkpoint, _public(public_key)):
        return "the checkpoint was not signed with that key"
    namespace = installation.namespace(database)
    if checkpoint.installation not in (installation.digest(namespace), str(namespace)):
        return "the checkpoint is of another database"
    with database.transaction() as connection:
        digest = hash_chain.digest_at(connection, checkpoint.position)
    if digest is None:
        return f"no link ends with event {checkpoint.position} any more"
    if digest.hex() != checkpoint.digest:
        return f"the events up to {checkpoint.position} are not what they were at the checkpoint"
    return None


def new_key() -> tuple[bytes, bytes]:
    """A new Ed25519 key pair, (private, public), both in PEM."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public


def parse(text: bytes) -> Checkpoint:
    """Read an exported checkpoint. Raises InvalidInputError if ``text`` is none."""
    try:
        return msgspec.json.decode(text, type=Checkpoint)
    except msgspec.MsgspecError:
        raise InvalidInputError("checkpoint", "what 'sendtrail audit checkpoint' wrote") from None


def _signed(checkpoint: Checkpoint) -> bytes:
    unsigned = msgspec.structs.replace(checkpoint, signature=None)
    return msgspec.json.encode(unsigned, order="sorted")


def _is_signed(checkpoint: Checkpoint, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(b64decode(checkpoint.signature or ""), _signed(checkpoint))
    except (InvalidSignature, ValueError):
        return False
    return True


def _private(pem: bytes) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidInputError("key", "an Ed25519 private key, as 'sendtrail audit keygen' makes")
    return key


def _public(pem: bytes) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(pem)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidInputError("key", "an Ed25519 public key, as 'sendtrail audit keygen' makes")
    return key
