"""Proves that the wheel has everything, and works where nothing else of Sendtrail is."""
