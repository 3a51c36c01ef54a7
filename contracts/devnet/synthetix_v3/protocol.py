"""Brings up the contracts: the real perps market and oracle manager, and the stand-ins around them."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.devnet.artifacts import bytecode
from contracts.devnet.calldata import constructor
from contracts.devnet.chain import CREATE_GAS, Chain, created_address
from contracts.devnet.guardian import Guardian
from contracts.devnet.roles import OWNER
from contracts.devnet.synthetix_v3.artifacts import MARKET_MODULES, artifact
from contracts.devnet.synthetix_v3.deployment import Contracts
from contracts.devnet.synthetix_v3.nodes import Node
from contracts.devnet.synthetix_v3.parameters import SystemParameters
from contracts.devnet.synthetix_v3.prices import FEE_WEI

_FIRST_CREATION = 1
"""The nonce of a contract's own first creation (EIP-161)."""
_ACCOUNT_MODULE = "TestAccountModule"


def place_contracts(chain: Chain, guardian: Guardian, system: SystemParameters) -> Contracts:
    """Queues the creation of every contract but the synths; returns their addresses."""
    token = _create(chain, "TokenModule")
    oracle_manager = _create(chain, "NodeModule")
    environment = (("address", "address", "address"), OWNER, oracle_manager, token)
    core = _create(chain, "TestCore", *environment)
    costs = (system.settlement_cost_18, system.flag_cost_per_feed_18, system.liquidate_cost_18)
    return Contracts(
        perps_market=_create_market(chain),
        core=core,
        spot_market=_create(chain, "TestSpotMarket", *environment),
        # The core's constructor creates it.
        snx_usd=created_address(core, _FIRST_CREATION),
        oracle_manager=oracle_manager,
        pyth=_create_pyth(chain, guardian),
        keeper_cost_node=_create(chain, "TestKeeperCostNode", ("uint256", "uint256", "uint256"), *costs),
    )


def create_synth(chain: Chain, contracts: Contracts, collateral_id: int, name: str, rank: int) -> str:
    """Queues the creation of a synth, the `rank`th of the spot market (from 0); returns its token's address."""
    signature = "createSynth(uint128,string,string)"
    chain.send(OWNER, contracts.spot_market, signature, collateral_id, f"Synthetic {name[1:]}", name, gas=CREATE_GAS)
    return created_address(contracts.spot_market, _FIRST_CREATION + rank)


def create_reward_distributor(chain: Chain, token: str, name: str, pool_id: int) -> str:
    """Queues the creation of the place where a collateral goes when it is seized."""
    return _create(chain, "RewardsDistributor", ("address", "uint128", "string"), token, pool_id, f"{name} liquidations")


def register_nodes(chain: Chain, contracts: Contracts, nodes: Sequence[Node]) -> None:
    """Queues the registration of nodes; each one's parents come before it. Pyth's must have a price already."""
    for node in nodes:
        signature = "registerNode(uint8,bytes,bytes32[])"
        chain.send(OWNER, contracts.oracle_manager, signature, node.kind, node.parameters, node.parents)


def _create_market(chain: Chain) -> str:
    facets = []
    for module in (*MARKET_MODULES, _ACCOUNT_MODULE):
        facet = artifact(module)
        facets.append((chain.create(OWNER, facet.bytecode, module), facet.selectors))
    return _create(chain, "SelectorRouter", ("address", "(address,bytes4[])[]"), OWNER, facets)


def _create_pyth(chain: Chain, guardian: Guardian) -> str:
    types = ("address", "uint256", "uint16", "bytes32")
    source = (guardian.address, FEE_WEI, guardian.emitter_chain, guardian.emitter_address)
    return chain.create(OWNER, constructor(bytecode("devnet", "TestPyth"), types, *source), "TestPyth")


def _create(chain: Chain, contract: str, types: tuple[str, ...] = (), *arguments: object) -> str:
    return chain.create(OWNER, constructor(artifact(contract).bytecode, types, *arguments), contract)
