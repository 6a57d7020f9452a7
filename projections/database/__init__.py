"""The engine, its transactions, prepared statements and the bundled server.

Import ``Database`` and the helpers for statements from here. This room knows no event."""
