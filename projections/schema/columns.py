"""What the tables' definitions share."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, MetaData, Text
from sqlalchemy.dialects.postgresql import ARRAY

# Every read model: what a rebuild makes anew.
READ_MODELS = MetaData()
# What is never rebuilt.
KEPT = MetaData()
TIME = DateTime(timezone=True)


def texts(name: str) -> Column[list[str]]:
    """A column of texts, none of them null."""
    return Column(name, ARRAY(Text), nullable=False)


def count(name: str) -> Column[int]:
    """A column of a number, 0 at first."""
    return Column(name, Integer, nullable=False, server_default="0")
