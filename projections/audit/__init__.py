"""What the events say, for people: trails, the log, the hash chain, checkpoints.

The API and the CLI import these modules. This room changes no event and no read model."""
