"""The HTTP door: takes commands, gives reports. Handlers translate, and nothing more."""

from api.app import create_app

__all__ = ["create_app"]
