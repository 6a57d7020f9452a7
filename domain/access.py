"""Access: who may use the installation, and what it may use: API keys, credentials, subscriptions,
secrets; and the segments that everybody shares.

The keys and secrets themselves are records and in no event. All events are one stream, so that who
had access when can be read in one piece.
"""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from domain.event import Event
from domain.segments import Predicate


class KeyCreated(Event, frozen=True, kw_only=True, gc=False):
    """There is an API key of that name and ``role``. A name is one key's for ever."""

    TOPIC: ClassVar[str] = "access.key_created"
    name: str
    role: str


class KeyRevoked(Event, frozen=True, kw_only=True, gc=False):
    """The API key of that name opens nothing any more."""

    TOPIC: ClassVar[str] = "access.key_revoked"
    name: str


class SubscriptionCreated(Event, frozen=True, kw_only=True, gc=False):
    """A system at ``host`` is told what happens: ``events`` are names of ``domain.webhook_events``.
    The rest of its URL may be a secret and is left out."""

    TOPIC: ClassVar[str] = "access.subscription_created"
    subscription_id: UUID
    host: str
    events: tuple[str, ...]


class SubscriptionDeleted(Event, frozen=True, kw_only=True, gc=False):
    """That system is told nothing more."""

    TOPIC: ClassVar[str] = "access.subscription_deleted"
    subscription_id: UUID


class DeviceCredentialsChanged(Event, frozen=True, kw_only=True, gc=False):
    """A device has other credentials; ``names`` says which it has now."""

    TOPIC: ClassVar[str] = "access.device_credentials_changed"
    device_id: UUID
    names: tuple[str, ...]


class SecretRotated(Event, frozen=True, kw_only=True, gc=False):
    """Another secret took the place of one: that which signs for a subscription, or, where
    ``subscription_id`` is None, the installation's secret key."""

    TOPIC: ClassVar[str] = "access.secret_rotated"
    subscription_id: UUID | None = None


class SegmentSaved(Event, frozen=True, kw_only=True, gc=False):
    """There is a segment of that ``predicate``, in place of the one with the same id, if any."""

    TOPIC: ClassVar[str] = "access.segment_saved"
    segment_id: UUID
    predicate: Predicate


class SegmentDeleted(Event, frozen=True, kw_only=True, gc=False):
    """There is no such segment any more."""

    TOPIC: ClassVar[str] = "access.segment_deleted"
    segment_id: UUID


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """The stream: its id, and how many events it has. What there is now is in the records."""

    id: UUID
    version: int


def host_of(url: str) -> str:
    """What is noted of a subscription's URL."""
    return urlsplit(url).hostname or ""
