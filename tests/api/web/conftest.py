"""Somebody who is at work on the pages, without scripts."""

from __future__ import annotations

import pytest
from flask import Flask

from projections.container import Container
from tests.support.api import given
from tests.support.api.browsing import Browser


@pytest.fixture
def mei(app: Flask, container: Container) -> Browser:
    """An operator who is signed in."""
    signed_in = Browser(app)
    signed_in.sign_in(given.api_key(container, "mei", "operator"))
    return signed_in
