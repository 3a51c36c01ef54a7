"""Synthetix V3 on a chain that keeps the time of the wall, with signed prices beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from contracts.demo.assets import Assets, Prices
from contracts.demo.ground import SET_UP_SECONDS, SLOTS_IN_EPOCH
from contracts.demo.ledger import Ledger
from contracts.demo.synthetix_v3_assets import assets_of, prices_of
from contracts.demo.synthetix_v3_referee import SynthetixReferee
from contracts.devnet.anvil import AnvilOptions
from contracts.devnet.config import SYNTHETIX, Site
from contracts.devnet.price_service import price_service
from contracts.devnet.synthetix_v3 import LISTINGS, Listings, SynthetixDevnet, SynthetixDriver, flagged_accounts
from contracts.devnet.synthetix_v3.parameters import LiquidationLimit

_CHAIN_ID = 31_338
_LIMIT = LiquidationLimit(multiplier_18=75 * 10**16)
"""Half of the live one, five times the devnet's: of ETH 140,000 USD go in 10 s, so that a crowd's liquidations wait for several windows and
are through in a minute."""


@dataclass(frozen=True, slots=True)
class SynthetixGround:
    """See ground.Ground. `price_service` is where the keeper gets signed prices."""

    devnet: SynthetixDevnet
    driver: SynthetixDriver
    price_service: str

    @property
    def site(self) -> Site:
        """Its heads come by websocket."""
        anvil = self.devnet.anvil
        return Site(
            self.devnet.deployment,
            anvil.url,
            anvil.ws_url,
            block_seconds=1,
            finality_depth=2 * SLOTS_IN_EPOCH,
            price_service=self.price_service,
            name=SYNTHETIX,
        )

    @property
    def traders(self) -> int:
        """Each with one account."""
        return len(self.devnet.deployment.traders)

    def start_prices_8(self) -> Mapping[str, int]:
        """See SynthetixDeployment."""
        return self.devnet.deployment.start_prices_8()

    def head(self) -> int:
        """Number of the newest block."""
        return int(self.devnet.rpc.call("eth_blockNumber"), 16)

    def unfinished(self) -> int:
        """Flagged accounts."""
        return len(flagged_accounts(self.devnet.rpc, self.devnet.deployment))

    def assets(self) -> Assets:
        """See synthetix_v3_assets."""
        return assets_of(self.devnet.rpc, self.devnet.deployment)

    def prices(self) -> Prices:
        """See synthetix_v3_assets."""
        return prices_of(self.devnet.rpc, self.devnet.deployment)

    def judge(self, blocks: Sequence[int], on_block: Callable[[], None]) -> Ledger:
        """See synthetix_v3_referee.SynthetixReferee."""
        return SynthetixReferee(self.devnet.url, self.devnet.deployment).judge(blocks, on_block)


@contextmanager
def synthetix_v3_ground(traders: int, seed: int) -> Iterator[SynthetixGround]:
    """Brings it up. Raises AnvilError, ArtifactMissing, RpcError, DevnetError."""
    options = AnvilOptions(chain_id=_CHAIN_ID, no_mining=True, slots_in_epoch=SLOTS_IN_EPOCH, timestamp=int(time.time()) - SET_UP_SECONDS)
    with (
        SynthetixDevnet.up(options, seed=seed, traders=traders, listings=_listings()) as devnet,
        price_service(devnet.pythnet) as address,
        SynthetixDriver(devnet.url, devnet.deployment, devnet.pythnet) as driver,
    ):
        _jump(driver, int(time.time()))
        yield SynthetixGround(devnet, driver, address)


def _listings() -> Listings:
    markets = tuple(replace(market, parameters=replace(market.parameters, limit=_LIMIT)) for market in LISTINGS.markets)
    return replace(LISTINGS, markets=markets)


def _jump(driver: SynthetixDriver, timestamp: int) -> None:
    """To the time of the wall. The prices the chain had are old then, and views revert for want of others: that block brings them."""
    driver.publish({}, timestamp)
    driver.queue_push()
    driver.step({}, timestamp)
