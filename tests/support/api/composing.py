"""A campaign that is written on the page, without scripts."""

from __future__ import annotations

from typing import Any

from tests.support.api.browsing import Browser
from tests.support.api.client import Client

# What a browser sends of the form beside what a test says.
FORM = {"target_status": "all", "brake": "yes", "brake_opt_outs": "5", "brake_failures": "20"}
TEXT = "Hello {name|there}"


def composes(browser: Browser, path: str = "/campaigns/new", **fields: str) -> None:
    """Opens the form and sends it."""
    browser.open(path)
    browser.send(path, **{**FORM, "name": "Spring", "body": TEXT, **fields})


def the_campaign(client: Client) -> dict[str, Any]:
    """The only one that there is."""
    (found,) = client.items("/campaigns")
    return dict(found)
