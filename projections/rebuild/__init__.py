"""Rebuilds of the read models from the events: replayed, compared and swapped in.

Import ``rebuild`` from here. This room knows no runner and no command."""
