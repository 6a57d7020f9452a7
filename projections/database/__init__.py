"""The engine and its transactions, installation, prepared statements and the bundled server.

Import ``Database`` and ``rows`` from ``engine``. This room knows no event."""
