"""The migrations of the log's and the records' tables; read models are rebuilt instead.

``versions`` has one file per schema version, and ``env`` is what alembic runs them with. Only
``schema_version`` imports from here. A migration imports no table, function or rule of the rooms:
they change, and it must not."""
