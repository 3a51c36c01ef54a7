"""What the venue itself says of accounts: the yardstick for everything computed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.rpc import Rpc
from contracts.devnet.synthetix_v3.deployment import SynthetixDeployment

_AGGREGATE = "aggregate3((address,bool,bytes)[])"
_ACCOUNTS_PER_CALL = 30
_QUESTIONS = (
    ("getAvailableMargin(uint128)", ("int256",)),
    ("getRequiredMargins(uint128)", ("uint256", "uint256", "uint256")),
    ("canLiquidate(uint128)", ("bool",)),
    ("canLiquidateMarginOnly(uint128)", ("bool",)),
    ("debt(uint128)", ("uint256",)),
)


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account at a block, 18 decimals, by the venue's own views and the prices that stand on the chain.

    Both requirements have the reward in them. `liquidatable` is also true of a flagged account.
    Sources: PerpsAccountModule.getAvailableMargin, getRequiredMargins, debt; LiquidationModule.canLiquidate,
    canLiquidateMarginOnly.
    """

    available_margin_18: int
    initial_requirement_18: int
    maintenance_requirement_18: int
    reward_18: int
    liquidatable: bool
    margin_liquidatable: bool
    debt_18: int


def account_views(rpc: Rpc, deployment: SynthetixDeployment, accounts: Sequence[int], block: str = "latest") -> Mapping[int, AccountView]:
    """The views of many accounts at one block: a tag, a number in hex, or a block hash. Raises RpcError if a view reverts."""
    at = {"blockHash": block} if len(block) == 66 else block
    groups = [accounts[start : start + _ACCOUNTS_PER_CALL] for start in range(0, len(accounts), _ACCOUNTS_PER_CALL)]
    calls = [({"to": deployment.multicall, "data": _aggregate(deployment, group)}, at) for group in groups]
    answers = rpc.batch([("eth_call", list(call)) for call in calls])
    views = [_views(group, answer) for group, answer in zip(groups, answers, strict=True)]
    return {account: view for group in views for account, view in group.items()}


def flagged_accounts(rpc: Rpc, deployment: SynthetixDeployment, block: str = "latest") -> Sequence[int]:
    """Accounts whose liquidation has begun and is not done, at one block. Source: LiquidationModule.flaggedAccounts."""
    answer = rpc.call("eth_call", {"to": deployment.contracts.perps_market, "data": calldata("flaggedAccounts()")}, block)
    accounts: Sequence[int] = returned(("uint256[]",), answer)[0]
    return accounts


def position_size_18(rpc: Rpc, deployment: SynthetixDeployment, account: int, market_id: int) -> int:
    """The signed size of a position at the newest block. Source: PerpsAccountModule.getOpenPositionSize."""
    data = calldata("getOpenPositionSize(uint128,uint128)", account, market_id)
    answer = rpc.call("eth_call", {"to": deployment.contracts.perps_market, "data": data}, "latest")
    size_18: int = returned(("int128",), answer)[0]
    return size_18


def snx_usd_balance_18(rpc: Rpc, deployment: SynthetixDeployment, holder: str) -> int:
    """snxUSD an address holds at the newest block."""
    data = calldata("balanceOf(address)", holder)
    answer = rpc.call("eth_call", {"to": deployment.contracts.snx_usd, "data": data}, "latest")
    balance_18: int = returned(("uint256",), answer)[0]
    return balance_18


def _aggregate(deployment: SynthetixDeployment, accounts: Sequence[int]) -> str:
    market = deployment.contracts.perps_market
    calls = [(market, False, bytes.fromhex(calldata(signature, account)[2:])) for account in accounts for signature, _ in _QUESTIONS]
    return calldata(_AGGREGATE, calls)


def _views(accounts: Sequence[int], answer: str) -> Mapping[int, AccountView]:
    results = [data for _, data in returned(("(bool,bytes)[]",), answer)[0]]
    count = len(_QUESTIONS)
    rows = [results[start : start + count] for start in range(0, len(results), count)]
    return {account: _view(row) for account, row in zip(accounts, rows, strict=True)}


def _view(row: Sequence[bytes]) -> AccountView:
    values = [value for data, (_, types) in zip(row, _QUESTIONS, strict=True) for value in returned(types, "0x" + data.hex())]
    return AccountView(*values)
