"""The HTTP API: commands and queries as JSON, webhooks of providers, metrics.

Import ``create_app`` from here. Handlers translate; this room has no rules and executes no SQL."""

from api.app import create_app

__all__ = ["create_app"]
