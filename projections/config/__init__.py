"""Settings, metrics and fault points of a process.

Every other room may import from here. This room knows nothing of the database."""
