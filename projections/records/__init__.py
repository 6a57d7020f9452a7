"""Records that are not made of events: API keys, credentials, stored responses.

Import a module per record from here. This room knows no event."""
