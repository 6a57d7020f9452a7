"""One module per periodic runner.

The process imports them. Jobs do not know each other."""
