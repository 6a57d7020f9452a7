"""What comes in: files of leads, receipts and replies.

The API, the CLI and the runners import these modules. This room does not know the container."""
