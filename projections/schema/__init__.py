"""Tables only: the log, the read models, the records kept beside both.

Import table definitions and what creates them from here. This room executes nothing but DDL."""
