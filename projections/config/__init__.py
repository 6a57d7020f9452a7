"""Settings, metrics and fault points of a process.

Every room may import ``settings``, ``metrics`` and ``fault_points`` from here. This
room knows no database."""
