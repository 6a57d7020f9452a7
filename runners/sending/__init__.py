"""The broadcaster: claim, dispatch, calls, outcomes.

Import ``worker.Broadcaster`` and ``loops`` from here. This room does not know which gateways there
are."""
