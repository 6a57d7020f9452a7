"""API keys are made and revoked, and the log says so, in one transaction."""

from __future__ import annotations

from domain.access import KeyCreated, KeyRevoked
from domain.application.outreach import Outreach
from projections.database.engine import Database
from projections.records import api_keys


def create_key(
    database: Database, outreach: Outreach, name: str, role: str, *, actor: str
) -> tuple[api_keys.Key, str]:
    """Create a key and return it as it may be shown, and as it is: that can never be had again.

    Raises InvalidInputError and NameTakenError as ``api_keys.create`` does.
    """
    name = name.strip()
    with database.transaction("command") as connection:
        key = api_keys.create(connection, name, role, outreach.clock())
        outreach.record_access(connection, KeyCreated, name=name, role=role, actor=actor)
        return api_keys.of_name(connection, name), key


def revoke_key(
    database: Database, outreach: Outreach, name: str, *, actor: str, keep_admin: bool = False
) -> None:
    """Revoke a key; one that is revoked already stays as it is. Raises NotFoundError, and
    LastAdminError as ``api_keys.revoke`` does."""
    with database.transaction("command") as connection:
        if api_keys.revoke(connection, name, outreach.clock(), keep_admin=keep_admin):
            outreach.record_access(connection, KeyRevoked, name=name, actor=actor)
