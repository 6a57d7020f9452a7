"""Requests from providers: the endpoint, signatures, one module per provider.

The application imports ``endpoint``. Providers do not know each other."""
