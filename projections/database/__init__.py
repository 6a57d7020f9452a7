"""The engine and its transactions, sessions, installation, prepared statements, what errors mean,
and the bundled server.

Import ``Database`` and ``rows`` from ``engine``. This room knows no event."""
