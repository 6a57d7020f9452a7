"""Reports, pages and previews, read from the read models.

The API and the CLI import these modules. This room writes nothing."""
