"""Reports, pages and previews, read from the read models; and how the installation fares.

The API and the CLI import ``reports``, ``pages``, ``preview``, ``operations`` and ``quarantined``.
This room writes nothing."""
