"""A local chain with the real Perp V2 contracts, makers, traders and price paths, reproducible from a seed.

with Devnet.up(AnvilOptions(no_mining=True), seed=7, traders=120) as devnet:
    path = PATHS["staircase"](devnet.deployment.start_prices_8(), 7)
    play(devnet.url, devnet.deployment, path, block_seconds=4, wall_interval=0.3)
"""

from contracts.devnet.anvil import Anvil, AnvilError, AnvilOptions
from contracts.devnet.config import write_config
from contracts.devnet.deploy import deploy
from contracts.devnet.deployment import Deployment
from contracts.devnet.devnet import Devnet
from contracts.devnet.market import MarketDriver
from contracts.devnet.paths import PATHS, PriceMove
from contracts.devnet.play import PlayedBlock, play, play_path, steps_of
from contracts.devnet.views import AccountView, account_views, mark_price_18

__all__ = [
    "PATHS",
    "AccountView",
    "Anvil",
    "AnvilError",
    "AnvilOptions",
    "Deployment",
    "Devnet",
    "MarketDriver",
    "PlayedBlock",
    "PriceMove",
    "account_views",
    "deploy",
    "mark_price_18",
    "play",
    "play_path",
    "steps_of",
    "write_config",
]
