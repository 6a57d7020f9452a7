"""Processes that run: the supervisor of runners, the server, the simulation.

The CLI imports these modules. This room prints nothing."""
