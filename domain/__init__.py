"""The rules: events, the decisions that make them, and values, all pure.

Import an aggregate as a module, such as ``domain.campaign``; the commands are in
``domain.application``. This room knows no database, no web, no clock and no random source."""
