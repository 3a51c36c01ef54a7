"""From an empty anvil to a living Synthetix V3: contracts, markets, traders, and the keeper's own executor."""

from __future__ import annotations

from dataclasses import replace

from contracts.devnet.chain import Chain
from contracts.devnet.deploy import place_multicall
from contracts.devnet.mining import everyone_unlocked, manual_mining
from contracts.devnet.pythnet import Pythnet
from contracts.devnet.roles import (
    EXECUTOR_OWNER,
    EXECUTOR_OWNER_TEST_KEY,
    KEEPER,
    KEEPER_TEST_KEY,
    MULTICALL3,
    OWNER,
    SETTLER,
    TREASURY,
)
from contracts.devnet.rpc import Rpc
from contracts.devnet.synthetix_v3.configuration import accept_synth, configure_system, open_market, restore_margins
from contracts.devnet.synthetix_v3.deployment import Contracts, Market, Synth, SynthetixDeployment
from contracts.devnet.synthetix_v3.executor import place_executor
from contracts.devnet.synthetix_v3.nodes import external_node, price_nodes
from contracts.devnet.synthetix_v3.opening import open_all
from contracts.devnet.synthetix_v3.parameters import LISTINGS, Listings, MarketListing, SynthListing, deepened
from contracts.devnet.synthetix_v3.prices import publish, push
from contracts.devnet.synthetix_v3.protocol import create_reward_distributor, create_synth, place_contracts, register_nodes
from contracts.devnet.synthetix_v3.traders import Scene, draw_traders

_BLOCK_SECONDS = 2
_POOL = 1
_TIP = 1_000_000_000


def deploy(url: str, pythnet: Pythnet, seed: int = 7, traders: int = 120, listings: Listings = LISTINGS) -> SynthetixDeployment:
    """Brings up Synthetix Perps V3 with the listed markets and `traders` drawn from `seed` on a fresh anvil.

    Prices are published on `pythnet`, whose guardian the chain trusts from then on. Every address, transaction and timestamp
    is a function of seed, count, listings and anvil's genesis time. Mining is manual meanwhile; mining on each transaction
    comes back afterwards if it was on before, mining by interval does not. Raises DevnetError if a transaction fails,
    RpcError if the node is not a fresh anvil, ArtifactMissing if the contracts are not compiled.
    """
    with Rpc(url) as rpc, manual_mining(rpc), everyone_unlocked(rpc):
        chain = Chain.at_head(rpc)
        deep = deepened(listings, traders)
        venue = _deploy_venue(chain, pythnet, seed, deep)
        scene = Scene(venue.start_prices_8(), venue.synths[0].follows)
        people = draw_traders(seed, traders, scene)
        open_all(chain, venue, pythnet, people)
        restore_margins(chain, venue.contracts, deep)
        ready = _mine_with_prices(chain, venue.contracts, venue.markets, pythnet)
        return replace(venue, traders=people, ready_block=ready)


def _deploy_venue(chain: Chain, pythnet: Pythnet, seed: int, listings: Listings) -> SynthetixDeployment:
    # Before the venue, so that whoever reads any block of the venue finds it.
    place_multicall(chain)
    start_block = int(chain.rpc.call("eth_blockNumber"), 16) + 1
    contracts = place_contracts(chain, pythnet.guardian, listings.system)
    chain.mine(chain.now + _BLOCK_SECONDS)
    markets = tuple(_market(contracts, listing, listings.system.staleness) for listing in listings.markets)
    # A node of Pyth's is registered only once it has a price.
    _mine_with_prices(chain, contracts, markets, pythnet)
    synths = _configure(chain, contracts, listings, markets)
    chain.mine(chain.now + _BLOCK_SECONDS)
    keeper_side = place_executor(chain, contracts)
    ready = chain.mine(chain.now + _BLOCK_SECONDS)
    return SynthetixDeployment(
        chain_id=int(chain.rpc.call("eth_chainId"), 16),
        seed=seed,
        start_block=start_block,
        ready_block=ready,
        contracts=contracts,
        markets=markets,
        synths=synths,
        multicall=MULTICALL3,
        guardian=pythnet.guardian.address,
        executor=keeper_side.executor,
        valuer=keeper_side.valuer,
        executor_owner=EXECUTOR_OWNER,
        executor_owner_key=EXECUTOR_OWNER_TEST_KEY,
        treasury=TREASURY,
        keeper=KEEPER,
        keeper_key=KEEPER_TEST_KEY,
        owner=OWNER,
        settler=SETTLER,
        traders=(),
    )


def _configure(chain: Chain, contracts: Contracts, listings: Listings, markets: tuple[Market, ...]) -> tuple[Synth, ...]:
    """Queues everything the owner sets."""
    for listing in listings.markets:
        register_nodes(chain, contracts, price_nodes(contracts.pyth, listing.price_id, listings.system.staleness))
    cost_node = external_node(contracts.keeper_cost_node)
    register_nodes(chain, contracts, [cost_node])
    configure_system(chain, contracts, listings.system, cost_node.node_id)
    for listing, market in zip(listings.markets, markets, strict=True):
        open_market(chain, contracts, listing, market)
    return tuple(_synth(chain, contracts, listing, rank, markets) for rank, listing in enumerate(listings.synths))


def _synth(chain: Chain, contracts: Contracts, listing: SynthListing, rank: int, markets: tuple[Market, ...]) -> Synth:
    token = create_synth(chain, contracts, listing.collateral_id, listing.name, rank)
    distributor = create_reward_distributor(chain, token, listing.name, _POOL)
    synth = Synth(listing.collateral_id, listing.name, token, listing.follows, distributor)
    market = next(market for market in markets if market.name == listing.follows)
    accept_synth(chain, contracts, synth, bytes.fromhex(market.node_id[2:]), listing.parameters)
    return synth


def _market(contracts: Contracts, listing: MarketListing, staleness: int) -> Market:
    settlement = listing.parameters.settlement
    return Market(
        market_id=listing.market_id,
        name=listing.name,
        price_id="0x" + listing.price_id.hex(),
        node_id="0x" + price_nodes(contracts.pyth, listing.price_id, staleness)[-1].node_id.hex(),
        start_price_8=listing.start_price_8,
        settlement_delay=settlement.delay,
        price_delay=settlement.price_delay,
        settlement_window=settlement.window,
    )


def _mine_with_prices(chain: Chain, contracts: Contracts, markets: tuple[Market, ...], pythnet: Pythnet) -> int:
    """The start prices, new and on the chain, and whatever else is queued."""
    timestamp = chain.now + _BLOCK_SECONDS
    publish(pythnet, markets, {market.name: market.start_price_8 for market in markets}, timestamp)
    chain.queue(push(pythnet, contracts.pyth, SETTLER, markets, _TIP))
    return chain.mine(timestamp)
