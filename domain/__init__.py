"""What happened and what may happen: pure, no clock, no I/O."""
