"""Clocks, outages and logs, for every runner.

All other rooms of ``runners`` may import from here. This room knows none of them."""
