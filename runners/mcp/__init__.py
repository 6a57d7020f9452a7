"""An MCP server over a running server's HTTP API: what an assistant may ask, and draft.

Import nothing but the HTTP API's paths: this room knows no database, no application and no
container."""
