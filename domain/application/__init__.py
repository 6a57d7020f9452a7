"""The commands: an eventsourcing ``Application`` whose methods load, decide and save.

Import ``outreach.Outreach`` and ``ports.CommandQueries`` from here. This room knows no database:
what commands must see beyond their own aggregate they ask of a port."""
