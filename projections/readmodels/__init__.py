"""Events into rows: the projector, its handlers, the counters, one module per aggregate.

Import a module per aggregate from here. This room knows neither the event store nor the queue."""
