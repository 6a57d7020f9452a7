"""The event store: the library's persistence interfaces on one append-only table.

Import ``mapper``, ``append``, ``encryption`` and ``tracking`` from here; the library resolves
``factory``. This room does not know who asks."""
