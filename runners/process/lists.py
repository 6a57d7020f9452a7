"""Whole lists of the API, for the command line: what is a list, and how it is filtered, is the
API's."""

from __future__ import annotations

from api import LISTS, Filter, filters, whole_list

__all__ = ["LISTS", "Filter", "filters", "whole_list"]
