"""Intake: leads from files, and inbound receipts and replies.

The API, the CLI and the runners import ``lead_import`` and ``inbound``. This room
does not know the container."""
