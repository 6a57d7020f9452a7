"""Every statement that claims, dispatches or sweeps messages.

Runners import these modules. This room writes no event and changes no read model."""
