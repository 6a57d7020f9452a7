"""What if: who would get a campaign or a sequence that nobody saved, over today or over the past.

The API and the CLI import these modules. This room writes nothing."""
