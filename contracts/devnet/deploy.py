"""From an empty anvil to a living venue: contracts, liquidity, traders, and the keeper's own executor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from contracts.devnet import protocol
from contracts.devnet.artifacts import bytecode
from contracts.devnet.chain import Chain
from contracts.devnet.deployment import Collateral, Core, Deployment, Market, Trader
from contracts.devnet.executor import place_executor
from contracts.devnet.liquidity import fund_actors, provide_liquidity
from contracts.devnet.mining import everyone_unlocked, manual_mining
from contracts.devnet.opening import open_all
from contracts.devnet.roles import (
    ARBITRAGEUR,
    BASE_MAKER,
    EXECUTOR_OWNER,
    EXECUTOR_OWNER_TEST_KEY,
    KEEPER,
    KEEPER_TEST_KEY,
    MULTICALL3,
    OWNER,
    TREASURY,
)
from contracts.devnet.rpc import Rpc
from contracts.devnet.traders import Scene, draw_traders

BLOCK_SECONDS = 12
_SEASON_SECONDS = 1_900
"""Longer than the longest TWAP (30 minutes): before that, the pools answer `OLD`."""


Draw: TypeAlias = Callable[[int, int, Scene], tuple[Trader, ...]]
"""Traders from a seed, their number and the scene."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a market starts with, and the token of the same price that serves as collateral."""

    name: str
    price_8: int
    collateral: str
    decimals: int
    collateral_ratio: int


LISTINGS = (
    Listing("ETH", 2_500 * 10**8, "WETH", 18, 800_000),
    Listing("BTC", 60_000 * 10**8, "WBTC", 8, 750_000),
)


def deploy(url: str, seed: int = 7, traders: int = 120, draw: Draw = draw_traders) -> Deployment:
    """Brings up Perp V2 with ETH and BTC markets, liquidity and `traders` that `draw` draws from `seed` on a fresh anvil.

    Every address, transaction and timestamp is a function of seed, count and anvil's genesis time. Mining is manual
    meanwhile; mining on each transaction comes back afterwards if it was on before, mining by interval does not.
    Raises DevnetError if a transaction fails, RpcError if the node is not a fresh anvil, ArtifactMissing if npm's
    packages are not installed.
    """
    with Rpc(url) as rpc, manual_mining(rpc), everyone_unlocked(rpc):
        chain = Chain.at_head(rpc)
        venue = _deploy_venue(chain, seed)
        provide_liquidity(chain, venue, traders)
        chain.mine(chain.now + BLOCK_SECONDS)
        people = draw(seed, traders, Scene(venue.start_prices_8(), venue.collaterals))
        open_all(chain, venue, people)
        ready = chain.mine(chain.now + _SEASON_SECONDS)
        return replace(venue, traders=people, ready_block=ready)


def _deploy_venue(chain: Chain, seed: int) -> Deployment:
    # Before the venue, so that whoever reads any block of the venue finds it.
    place_multicall(chain)
    start_block = int(chain.rpc.call("eth_blockNumber"), 16) + 1
    usdc = protocol.deploy_token(chain, "USD Coin", "USDC", 6)
    core, markets, collaterals = _contracts(chain, usdc)
    chain.mine(chain.now + BLOCK_SECONDS)
    chain.mine(chain.now + _SEASON_SECONDS)
    fund_actors(chain, core, usdc)
    placed = place_executor(chain, core, usdc, markets, collaterals)
    ready = chain.mine(chain.now + BLOCK_SECONDS)
    return Deployment(
        chain_id=int(chain.rpc.call("eth_chainId"), 16),
        seed=seed,
        start_block=start_block,
        ready_block=ready,
        core=core,
        markets=markets,
        collaterals=collaterals,
        usdc=usdc,
        multicall=MULTICALL3,
        executor=placed.executor,
        valuer=placed.valuer,
        executor_owner=EXECUTOR_OWNER,
        executor_owner_key=EXECUTOR_OWNER_TEST_KEY,
        treasury=TREASURY,
        keeper=KEEPER,
        keeper_key=KEEPER_TEST_KEY,
        owner=OWNER,
        arbitrageur=ARBITRAGEUR,
        base_maker=BASE_MAKER,
        traders=(),
    )


def _contracts(chain: Chain, usdc: str) -> tuple[Core, tuple[Market, ...], tuple[Collateral, ...]]:
    tokens = {item.collateral: _token(chain, item) for item in LISTINGS}
    bases = {item.name: protocol.create_base_token(chain, item.name) for item in LISTINGS}
    highest = max(int(base, 16) for base in bases.values())
    core = protocol.deploy_core(chain, usdc, tokens["WETH"], highest)
    markets = tuple(_market(chain, core, item, bases[item.name]) for item in LISTINGS)
    collaterals = tuple(_collateral(chain, core, item, tokens[item.collateral]) for item in LISTINGS)
    return core, markets, collaterals


def _token(chain: Chain, item: Listing) -> str:
    return protocol.deploy_token(chain, f"Wrapped {item.name}", item.collateral, item.decimals)


def _market(chain: Chain, core: Core, item: Listing, base: str) -> Market:
    price = protocol.deploy_feed(chain, item.name, item.price_8)
    return protocol.open_market(chain, core, item.name, base, price, item.price_8)


def _collateral(chain: Chain, core: Core, item: Listing, token: str) -> Collateral:
    price = protocol.deploy_feed(chain, item.collateral, item.price_8)
    ratio = item.collateral_ratio
    collateral = Collateral(item.collateral, token, item.decimals, price, item.name, ratio, discount_ratio=100_000)
    protocol.add_collateral(chain, core, collateral)
    return collateral


def place_multicall(chain: Chain) -> None:
    """Multicall3 lives at one address on every chain: the code is put there, as no key can deploy to it here."""
    created = chain.create(OWNER, bytecode("keeper", "Multicall"), "Multicall")
    chain.mine(chain.now + BLOCK_SECONDS)
    chain.rpc.call("anvil_setCode", MULTICALL3, chain.rpc.call("eth_getCode", created, "latest"))
