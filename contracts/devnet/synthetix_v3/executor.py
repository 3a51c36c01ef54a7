"""The keeper's own contract on a Synthetix V3 devnet: deployed by its cold owner, its rules and loss budget set.

Liquidating there takes no capital; what the executor holds is what it has earned, and ether for the fees of prices."""

from __future__ import annotations

from contracts.devnet.artifacts import bytecode
from contracts.devnet.calldata import constructor
from contracts.devnet.chain import CALL_GAS, Chain, Transaction
from contracts.devnet.executor import SET_VENUE, SET_VENUE_GAS, PlacedExecutor, Rule, rule
from contracts.devnet.roles import EXECUTOR_OWNER, KEEPER, TREASURY
from contracts.devnet.synthetix_v3.deployment import Contracts

VENUE = b"synthetix_v3".ljust(32, b"\0")
BUDGET_18 = 1_000 * 10**18
"""What plans of one day together may lose, in USD: no plan should lose anything."""
_FEES_WEI = 10**18


def place_executor(chain: Chain, contracts: Contracts) -> PlacedExecutor:
    """Queues everything an owner does before a keeper can start; returns the addresses."""
    code = constructor(bytecode("keeper", "KeeperExecutor"), ("address", "address"), EXECUTOR_OWNER, TREASURY)
    executor = chain.create(EXECUTOR_OWNER, code, "KeeperExecutor")
    code = constructor(bytecode("keeper", "SynthetixV3Valuer"), ("address",), contracts.snx_usd)
    valuer = chain.create(EXECUTOR_OWNER, code, "SynthetixV3Valuer")
    chain.mine(chain.now + 1)
    rules = executor_rules(contracts)
    chain.send(EXECUTOR_OWNER, executor, SET_VENUE, VENUE, valuer, rules, gas=SET_VENUE_GAS)
    chain.send(EXECUTOR_OWNER, executor, "setBudget(uint256)", BUDGET_18)
    chain.send(EXECUTOR_OWNER, executor, "setOperator(address,bool)", KEEPER, True)
    chain.queue(Transaction(EXECUTOR_OWNER, executor, "0x", CALL_GAS, "ether for fees", value=_FEES_WEI))
    return PlacedExecutor(executor, valuer)


def executor_rules(contracts: Contracts) -> list[Rule]:
    """Every call a plan on this venue is made of: which account is free, and so is a signed price."""
    market, free = contracts.perps_market, list[bytes]()
    return [
        rule(market, "liquidate(uint128)", free),
        rule(market, "liquidateMarginOnly(uint128)", free),
        rule(contracts.pyth, "updatePriceFeeds(bytes[])", fee_view="getUpdateFee(bytes[])"),
    ]
