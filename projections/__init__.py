"""How events are stored, and the tables they become."""
