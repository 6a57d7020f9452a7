"""One module per resource: JSON in, a command or a query, JSON out.

The application imports them. Resources do not know each other."""
