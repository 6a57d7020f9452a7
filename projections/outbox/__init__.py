"""What a user's own systems are told: subscriptions and their deliveries.

Import ``subscriptions`` from here. This room makes no HTTP request."""
