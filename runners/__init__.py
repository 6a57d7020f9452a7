"""Processes with a schedule: they turn what is due into events."""
