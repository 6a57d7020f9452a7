"""Every gateway by its name in the API. A new provider is added here."""

from __future__ import annotations

from projections.config.settings import Settings
from runners.gateways.cloud import Cloud
from runners.gateways.gowa import Gowa
from runners.gateways.http import Http
from runners.gateways.protocol import Gateway
from runners.gateways.sandbox import Sandbox
from runners.gateways.wablas import Wablas
from runners.gateways.whacenter import Whacenter
from runners.support.clocks import SystemClock


def make_gateways(settings: Settings) -> dict[str, Gateway]:
    """One gateway of each kind, by name, for one event loop at a time. Close each after use."""

    def http() -> Http:
        return Http(settings.gateway_timeout, settings.allow_private_hosts)

    return {
        "sandbox": Sandbox(SystemClock()),
        "gowa": Gowa(http()),
        "cloud": Cloud(http()),
        "wablas": Wablas(http()),
        "whacenter": Whacenter(http()),
    }
