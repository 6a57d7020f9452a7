"""The HTTP API: commands and queries as JSON, webhooks of providers, metrics.

Import ``create_app`` from here. Handlers translate; this room has no rules and executes no SQL."""

from api.app import LARGEST_BODY, create_app
from api.http.client_address import is_trusted
from api.http.uploads import LARGEST as LARGEST_UPLOAD
from api.whole_lists import LISTS, Filter, filters, whole_list

__all__ = [
    "LARGEST_BODY",
    "LARGEST_UPLOAD",
    "LISTS",
    "Filter",
    "create_app",
    "filters",
    "is_trusted",
    "whole_list",
]
