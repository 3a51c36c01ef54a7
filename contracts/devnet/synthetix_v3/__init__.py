"""A local chain with the real Synthetix Perps V3, traders and Pyth's prices, reproducible from a seed.

with SynthetixDevnet.up(AnvilOptions(no_mining=True), seed=7, traders=120) as devnet, price_service(devnet.pythnet) as hermes:
    path = PATHS["shock"](devnet.deployment.start_prices_8(), 7)
    with SynthetixDriver(devnet.url, devnet.deployment, devnet.pythnet) as driver:
        play_path(driver, devnet.deployment.start_prices_8(), path, block_seconds=1, wall_interval=1.0)
"""

from contracts.devnet.synthetix_v3.deploy import deploy
from contracts.devnet.synthetix_v3.deployment import SynthetixDeployment
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.market import Habits, SynthetixDriver
from contracts.devnet.synthetix_v3.parameters import LISTINGS, Listings
from contracts.devnet.synthetix_v3.views import AccountView, account_views, flagged_accounts

__all__ = [
    "LISTINGS",
    "AccountView",
    "Habits",
    "Listings",
    "SynthetixDeployment",
    "SynthetixDevnet",
    "SynthetixDriver",
    "account_views",
    "deploy",
    "flagged_accounts",
]
