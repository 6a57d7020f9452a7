"""What somebody does who has the whole database and not the secret key: try phones and names."""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from domain.content import Content, digest, render
from domain.ids import derived, keyed, time_ordered
from domain.rendering import names_of
from projections.intake.providers.payload import derived_id
from tests.support.traces import NAMESPACES

# The bits of a UUID that its version and variant leave to the digest.
_FREE = ((1 << 128) - 1) & ~(0xF << 76) & ~(0x3 << 62)
_WORD = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12,}")
_ALGORITHMS = (hashlib.md5, hashlib.sha1, hashlib.sha256)


class Leftovers(NamedTuple):
    """What a dump has.

    ``digests`` are the first 16 bytes of every UUID and digest, without the bits of a UUID's
    version. ``keys`` is whatever may have keyed one of them, ``namespaces`` whatever a UUID may
    follow from. ``replies`` are the lead, the id and the instant of every reply, ``texts`` the
    digests of what was sent.
    """

    digests: frozenset[int]
    keys: Sequence[bytes]
    namespaces: Sequence[uuid.UUID]
    replies: Sequence[tuple[uuid.UUID, uuid.UUID, datetime]]
    texts: frozenset[str]


def digests_in(text: str) -> frozenset[int]:
    """Every UUID and digest in a text, whole or cut."""
    found = {word.replace("-", "")[:32] for word in _WORD.findall(text)}
    return frozenset(_cut(bytes.fromhex(digits)) for digits in found)


def _cut(made: bytes) -> int:
    return int.from_bytes(made[:16], "big") & _FREE


def phones_found(left: Leftovers, phones: Iterable[str]) -> Iterator[str]:
    """Those of these phones, in E.164, from which something follows that is left."""
    spaces = [space.bytes for space in (*NAMESPACES, *left.namespaces)]
    for phone in phones:
        for said in (phone, phone[1:], f"lead {phone}", f"suppression {phone}"):
            words = said.encode()
            made = [algorithm(words).digest() for algorithm in _ALGORITHMS]
            made += [_ALGORITHMS[1](space + words).digest() for space in spaces]
            made += [hmac.digest(key, words, "sha256") for key in left.keys]
            if any(_cut(each) in left.digests for each in made):
                yield phone
                break


def senders_found(left: Leftovers, phones: Iterable[str], words: Sequence[str]) -> Iterator[str]:
    """Those of these phones of whom the id of a reply tells, in which one of these words was
    written, where the provider gave no id."""
    for phone in phones:
        if any(
            reply == guess
            for lead, reply, at in left.replies
            for text in words
            for guess in _replies(lead, at, phone, text, left.keys)
        ):
            yield phone


def _replies(
    lead: uuid.UUID, at: datetime, phone: str, text: str, keys: Sequence[bytes]
) -> Iterator[uuid.UUID]:
    # The ten minutes in which it came, and those before.
    for window in (at, at - timedelta(minutes=10)):
        provider_id = derived_id(window, phone[1:], text)
        yield former_reply(lead, at, provider_id)
        for key in keys:
            yield time_ordered(at, str(keyed(key.ljust(64)[:64], f"reply {lead} {provider_id}")))


def names_found(
    left: Leftovers, bodies: Sequence[str], names: Iterable[str], attributes: Mapping[str, str]
) -> Iterator[str]:
    """Those of these names that are in a text which was sent, made of one of these bodies."""
    keys = [key for key in left.keys if len(key) <= 64]
    for name in names:
        known = names_of(name, "", dict(attributes))
        texts = [render(Content(body=body), known) for body in bodies]
        made = [digest(text) for text in texts]
        made += [digest(text, key) for text in texts for key in keys]
        if not left.texts.isdisjoint(made):
            yield name


def instant(reply: uuid.UUID) -> datetime:
    """When a reply came, as its id says."""
    return datetime.fromtimestamp((reply.int >> 80) / 1000, UTC)


def former_id(namespace: uuid.UUID, phone: str) -> uuid.UUID:
    """The id of a lead that a version without an identity key registered."""
    return derived(namespace, phone)


def former_reply(lead: uuid.UUID, at: datetime, provider_id: str) -> uuid.UUID:
    """The id of a reply as it once followed from lead and provider's id."""
    return time_ordered(at, f"{lead} {provider_id}")
