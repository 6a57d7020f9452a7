"""What really sends: one protocol, one module per provider, and the registry that makes them all.

Import ``protocol``, ``registry`` and ``http`` from here. Gateways know neither each other nor who
calls them."""
