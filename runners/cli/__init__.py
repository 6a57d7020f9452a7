"""The command line: ``main`` and one module per group of commands.

Nobody imports from here but the entry point."""
