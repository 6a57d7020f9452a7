"""The library's persistence interfaces on one append-only table.

Import ``recorder`` and ``append`` from here. This room does not know who asks."""
