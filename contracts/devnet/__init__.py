"""A local chain with the real Perp V2 contracts, makers, traders and price paths, reproducible from a seed."""

from contracts.devnet.anvil import Anvil, AnvilError, AnvilOptions
from contracts.devnet.deploy import deploy
from contracts.devnet.deployment import Deployment
from contracts.devnet.market import MarketDriver
from contracts.devnet.paths import PATHS, PriceMove
from contracts.devnet.play import PlayedBlock, play, steps_of

__all__ = [
    "PATHS",
    "Anvil",
    "AnvilError",
    "AnvilOptions",
    "Deployment",
    "MarketDriver",
    "PlayedBlock",
    "PriceMove",
    "deploy",
    "play",
    "steps_of",
]
