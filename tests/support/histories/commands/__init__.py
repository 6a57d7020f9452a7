"""What can be tried on each kind of aggregate, and when it must be refused."""
