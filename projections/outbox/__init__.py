"""What a user's own systems are told: subscriptions and their deliveries.

Import ``subscriptions`` and ``deliveries`` from here. This room makes no HTTP request."""
