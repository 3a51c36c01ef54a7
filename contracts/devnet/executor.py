"""The keeper's own contract on the devnet: deployed by its cold owner, its rules and loss budget set, its margin deposited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from eth_utils.crypto import keccak

from contracts.devnet.artifacts import bytecode
from contracts.devnet.calldata import calldata, constructor
from contracts.devnet.chain import Chain
from contracts.devnet.deployment import Collateral, Core, Market
from contracts.devnet.roles import EXECUTOR_OWNER, KEEPER, TREASURY
from contracts.devnet.trading import MAX_UINT

EXECUTE = "execute(bytes32,(address,uint256,bytes,bool)[],int256)"
EXECUTE_BATCH = "executeBatch((bytes32,(address,uint256,bytes,bool)[],int256,uint64)[])"
RESULTS = ("(bool,int256,uint256,bytes)[]",)
"""What executeBatch returns: succeeded, change, gas used and reason of each plan."""
SET_VENUE = "setVenue(bytes32,address,(address,bytes4,bytes4,bytes32[][])[])"
VENUE = b"perp_v2".ljust(32, b"\0")
BUDGET_18 = 100_000 * 10**18
"""What plans of one day together may lose or carry open, in USD."""
_MARGIN_6 = 4_000_000 * 10**6
"""All of it in the Vault: collateral is bought with margin that is withdrawn for it in the same transaction."""
SET_VENUE_GAS = 5_000_000

Rule: TypeAlias = tuple[str, bytes, bytes, list[list[bytes]]]
"""target, selector, fee view (zero for none), allowed values by argument word."""
PlanCall: TypeAlias = tuple[str, int, bytes, bool]
"""target, value, calldata, may fail."""


@dataclass(frozen=True, slots=True)
class Principals:
    """Whom an executor answers to: its cold owner, the account that may send its plans, and where its tokens go."""

    owner: str
    operator: str
    treasury: str


KEEPER_PRINCIPALS = Principals(EXECUTOR_OWNER, KEEPER, TREASURY)


@dataclass(frozen=True, slots=True)
class PlacedExecutor:
    """Addresses of the executor and of what values it."""

    executor: str
    valuer: str


def place_executor(
    chain: Chain,
    core: Core,
    usdc: str,
    markets: Sequence[Market],
    collaterals: Sequence[Collateral],
    principals: Principals = KEEPER_PRINCIPALS,
) -> PlacedExecutor:
    """Queues everything an owner does before a keeper can start; returns the addresses."""
    owner = principals.owner
    code = constructor(bytecode("keeper", "KeeperExecutor"), ("address", "address"), owner, principals.treasury)
    executor = chain.create(owner, code, "KeeperExecutor")
    tokens = sorted((item.token for item in collaterals), key=str.lower)
    code = constructor(bytecode("keeper", "PerpV2Valuer"), ("address", "address[]"), core.vault, tokens)
    valuer = chain.create(owner, code, "PerpV2Valuer")
    chain.mine(chain.now + 1)
    rules = executor_rules(core, usdc, markets, collaterals)
    chain.send(owner, executor, SET_VENUE, VENUE, valuer, rules, gas=SET_VENUE_GAS)
    chain.send(owner, executor, "setBudget(uint256)", BUDGET_18)
    chain.send(owner, executor, "setOperator(address,bool)", principals.operator, True)
    chain.send(owner, usdc, "mint(address,uint256)", owner, _MARGIN_6)
    chain.send(owner, usdc, "approve(address,uint256)", core.vault, _MARGIN_6)
    chain.send(owner, core.vault, "depositFor(address,address,uint256)", executor, usdc, _MARGIN_6)
    return PlacedExecutor(executor, valuer)


def executor_rules(core: Core, usdc: str, markets: Sequence[Market], collaterals: Sequence[Collateral]) -> list[Rule]:
    """Every call a plan on this venue is made of, with the markets, tokens and receivers it may name."""
    bases, tokens, free = _words([item.base for item in markets]), _words([item.token for item in collaterals]), list[bytes]()
    margin, vault = _words([usdc]), _words([core.vault])
    return [
        rule(core.vault, "withdraw(address,uint256)", margin, free),
        rule(core.vault, "deposit(address,uint256)", margin, free),
        rule(usdc, "approve(address,uint256)", vault, free),
        rule(core.clearing_house, "cancelAllExcessOrders(address,address)", free, bases),
        rule(core.clearing_house, "liquidate(address,address,int256)", free, bases, free),
        rule(core.clearing_house, "closePosition((address,uint160,uint256,uint256,bytes32))", bases, free, free, free, free),
        rule(core.vault, "liquidateCollateral(address,address,uint256,bool)", free, tokens, free, [_word(1)]),
    ]


def liquidate_and_close(core: Core, trader: str, base: str) -> list[PlanCall]:
    """A plan: as much as the venue allows, closed again at any price."""
    close = calldata("closePosition((address,uint160,uint256,uint256,bytes32))", (base, 0, 0, MAX_UINT, bytes(32)))
    return [liquidate_call(core, trader, base), (core.clearing_house, 0, bytes.fromhex(close[2:]), False)]


def liquidate_call(core: Core, trader: str, base: str, size_18: int = 0) -> PlanCall:
    """Taking a position over; 0 is as much as the venue allows."""
    data = calldata("liquidate(address,address,int256)", trader, base, size_18)
    return (core.clearing_house, 0, bytes.fromhex(data[2:]), False)


def execution(calls: Sequence[PlanCall], min_change_18: int) -> str:
    """Calldata of the executor for a plan that must gain so many USD (18 decimals)."""
    return calldata(EXECUTE, VENUE, calls, min_change_18)


def batch_execution(plans: Sequence[Sequence[PlanCall]], min_change_18: int, gas: int) -> str:
    """Calldata of the executor for several plans, each of which must gain so many USD (18 decimals) with so much gas."""
    return calldata(EXECUTE_BATCH, [(VENUE, calls, min_change_18, gas) for calls in plans])


def rule(target: str, signature: str, *words: list[bytes], fee_view: str | None = None) -> Rule:
    """A function with what each argument word may be, nothing meaning anything; `fee_view` quotes what a payable one wants."""
    view = keccak(text=fee_view)[:4] if fee_view is not None else bytes(4)
    return (target, keccak(text=signature)[:4], view, list(words))


def _words(addresses: Sequence[str]) -> list[bytes]:
    return [_word(number) for number in sorted(int(one, 16) for one in addresses)]


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
