"""What really sends: one protocol, one module per provider.

Import ``protocol`` from here. Gateways know neither each other nor who calls them."""
