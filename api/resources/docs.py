"""/docs: the OpenAPI description as a page, by Swagger UI.

The package's own page has a script within it, and repeats the address that the client asked for.
This one has neither, so that a strict Content-Security-Policy holds for it.
"""

from __future__ import annotations

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, send_from_directory

FILES = Path(flask_swagger_ui.__file__).parent / "dist"

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>Sendtrail</title>
  <link rel="stylesheet" href="/docs/index.css">
  <link rel="stylesheet" href="/docs/swagger-ui.css">
  <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
</head>
<body>
  <div id="swagger-ui"></div>
  <noscript>The description is in <a href="/openapi.json">/openapi.json</a>.</noscript>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>
"""
START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  // The validator is another company's server.
  validatorUrl: null,
});
"""

blueprint = Blueprint("docs", __name__, url_prefix="/docs")


@blueprint.get("/")
def page() -> Response:
    """The page."""
    return Response(PAGE, mimetype="text/html")


@blueprint.get("/start.js")
def start() -> Response:
    """What the page runs once its scripts are there."""
    return Response(START, mimetype="text/javascript")


@blueprint.get("/<path:name>")
def file(name: str) -> Response:
    """A file of Swagger UI. Raises NotFound."""
    return send_from_directory(FILES, name)
