"""Reports, pages and previews, read from the read models.

The API and the CLI import ``reports``, ``pages`` and ``preview``. This room writes nothing."""
