"""The audit: trails, why-not, the log for people, the hash chain and checkpoints.

The API and the CLI import these modules. This room changes no event and no read model."""
