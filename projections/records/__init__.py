"""What is kept beside the events: API keys, credentials, first answers.

Import a module per record from here. This room knows no event."""
