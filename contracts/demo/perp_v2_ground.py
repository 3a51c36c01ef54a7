"""Perp V2 on a chain that keeps the time of the wall, with windows short enough for a run of a minute or two."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from contracts.demo.assets import Assets, Prices
from contracts.demo.ground import SET_UP_SECONDS, SLOTS_IN_EPOCH
from contracts.demo.ledger import Ledger
from contracts.demo.perp_v2_assets import assets_of, prices_of
from contracts.demo.referee import Referee
from contracts.devnet import AnvilOptions, Devnet, MarketDriver
from contracts.devnet.chain import Chain
from contracts.devnet.config import VENUE, Site

_CHAIN_ID = 31_337
_MARK_TWAP_SECONDS, _PREMIUM_SECONDS, _FUNDING_TWAP_SECONDS = 30, 15, 15
"""On a live chain 1,800, 900 and 900: the mark and the funding of a run would be those of before its shock."""


@dataclass(frozen=True, slots=True)
class PerpV2Ground:
    """See ground.Ground."""

    devnet: Devnet
    driver: MarketDriver

    @property
    def site(self) -> Site:
        """Its heads come by websocket."""
        anvil = self.devnet.anvil
        return Site(self.devnet.deployment, anvil.url, anvil.ws_url, block_seconds=1, finality_depth=2 * SLOTS_IN_EPOCH, name=VENUE)

    @property
    def traders(self) -> int:
        """Late ones among them."""
        return len(self.devnet.deployment.traders)

    def start_prices_8(self) -> Mapping[str, int]:
        """See Deployment."""
        return self.devnet.deployment.start_prices_8()

    def head(self) -> int:
        """Number of the newest block."""
        return int(self.devnet.rpc.call("eth_blockNumber"), 16)

    def unfinished(self) -> int:
        """Here an account is liquidated in one call, or has nothing to go on with."""
        return 0

    def assets(self) -> Assets:
        """See perp_v2_assets."""
        return assets_of(self.devnet.rpc, self.devnet.deployment)

    def prices(self) -> Prices:
        """See perp_v2_assets."""
        return prices_of(self.devnet.rpc, self.devnet.deployment)

    def judge(self, blocks: Sequence[int], on_block: Callable[[], None]) -> Ledger:
        """See referee.Referee."""
        return Referee(self.devnet.url, self.devnet.deployment).judge(blocks, on_block)


@contextmanager
def perp_v2_ground(traders: int, seed: int) -> Iterator[PerpV2Ground]:
    """Brings it up. Raises AnvilError, RpcError, DevnetError."""
    options = AnvilOptions(chain_id=_CHAIN_ID, no_mining=True, slots_in_epoch=SLOTS_IN_EPOCH, timestamp=int(time.time()) - SET_UP_SECONDS)
    with Devnet.up(options, seed=seed, traders=traders) as devnet, MarketDriver(devnet.url, devnet.deployment) as driver:
        _shorten_windows(devnet)
        driver.step({}, int(time.time()))
        yield PerpV2Ground(devnet, driver)


def _shorten_windows(devnet: Devnet) -> None:
    """As the venue's owner may at any time."""
    chain, deployment = Chain.at_head(devnet.rpc), devnet.deployment
    config = deployment.core.clearing_house_config
    chain.send(deployment.owner, config, "setMarkPriceMarketTwapInterval(uint32)", _MARK_TWAP_SECONDS)
    chain.send(deployment.owner, config, "setMarkPricePremiumInterval(uint32)", _PREMIUM_SECONDS)
    chain.send(deployment.owner, config, "setTwapInterval(uint32)", _FUNDING_TWAP_SECONDS)
    chain.mine(chain.now + 1)
