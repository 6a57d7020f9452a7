"""Contracts of the project that import-linter cannot express: ``python -m tests.contracts``."""
