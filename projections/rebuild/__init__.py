"""Read models anew from the events, compared and swapped in.

Import ``rebuild`` from here. This room knows no runner and no command."""
