"""Branches of a sequence: their table, which steps go by it, and how it is decided."""
