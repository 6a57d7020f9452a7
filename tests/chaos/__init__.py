"""The chaos run: runners killed at random moments, and a proof that nothing is doubled or lost."""
