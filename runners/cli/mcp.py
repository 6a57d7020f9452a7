"""``sendtrail mcp``: the MCP server for an assistant, over standard input and output."""

from __future__ import annotations

import asyncio
from importlib import metadata

import click

from domain.errors import SettingsError
from projections.config.settings import Settings

EXTRA = "the MCP server needs the extra mcp: pip install 'sendtrail[mcp]'"


@click.command("mcp")
@click.pass_obj
def mcp(config: Settings) -> None:
    """Let an assistant read and draft, by the Model Context Protocol on standard input and output.

    It asks the server at SENDTRAIL_URL with the key SENDTRAIL_API_KEY, and sees what that key may
    see. It can send nothing.
    """
    if config.api_key is None:
        raise SettingsError(
            "SENDTRAIL_API_KEY: expected an API key; make one with:"
            " sendtrail keys create assistant --role viewer"
        )
    asyncio.run(_serve(config.url, config.api_key))


async def _serve(url: str, key: str) -> None:
    try:
        from runners.mcp.server import make_server
    except ModuleNotFoundError as error:
        raise SettingsError(EXTRA) from error
    from runners.mcp.api import Api

    async with Api(url, key) as api:
        await make_server(api, metadata.version("sendtrail")).run_stdio_async()
