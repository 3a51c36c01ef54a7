"""What the venue itself says of accounts: the yardstick for everything computed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.deployment import Deployment
from contracts.devnet.rpc import Rpc

_AGGREGATE = "aggregate3((address,bool,bytes)[])"
_ACCOUNTS_PER_CALL = 30


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account at a block, 18 decimals, by the venue's own views. `collateral_liquidatable` is None where it was not asked for.

    Sources: ClearingHouse.getAccountValue, AccountBalance.getMarginRequirementForLiquidation, Vault.isLiquidatable.
    """

    account_value_18: int
    requirement_18: int
    collateral_liquidatable: bool | None

    @property
    def liquidatable(self) -> bool:
        """Below maintenance margin. Source: ClearingHouse._isLiquidatable."""
        return self.account_value_18 < self.requirement_18


def account_views(
    rpc: Rpc,
    deployment: Deployment,
    accounts: Sequence[str],
    block: str = "latest",
    *,
    collateral: bool = True,
    timestamp: int | None = None,
) -> Mapping[str, AccountView]:
    """The views of many accounts at one block: a tag, a number in hex, or a block hash.

    With `timestamp` (unix seconds) the block's state is looked at as if it were that time: the mark goes on without a trade. Without
    `collateral` a third of the node's work is saved. Raises RpcError if a view reverts.
    """
    at = {"blockHash": block} if len(block) == 66 else block
    questions = _questions(deployment, collateral)
    groups = [accounts[start : start + _ACCOUNTS_PER_CALL] for start in range(0, len(accounts), _ACCOUNTS_PER_CALL)]
    time = () if timestamp is None else ({}, {"time": hex(timestamp)})
    calls = [({"to": deployment.multicall, "data": _aggregate(questions, group)}, at, *time) for group in groups]
    answers = rpc.batch([("eth_call", list(call)) for call in calls])
    views = [_views(group, answer, len(questions)) for group, answer in zip(groups, answers, strict=True)]
    return {account: view for group in views for account, view in group.items()}


def mark_price_18(rpc: Rpc, deployment: Deployment, market: str) -> int:
    """The mark at the newest block, 18 decimals. Source: AccountBalance.getMarkPrice."""
    data = calldata("getMarkPrice(address)", deployment.market(market).base)
    price: int = returned(("uint256",), rpc.call("eth_call", {"to": deployment.core.account_balance, "data": data}, "latest"))[0]
    return price


def _questions(deployment: Deployment, collateral: bool) -> Sequence[tuple[str, str]]:
    core = deployment.core
    margin = (
        (core.clearing_house, "getAccountValue(address)"),
        (core.account_balance, "getMarginRequirementForLiquidation(address)"),
    )
    return (*margin, (core.vault, "isLiquidatable(address)")) if collateral else margin


def _aggregate(questions: Sequence[tuple[str, str]], accounts: Sequence[str]) -> str:
    calls = [(to, False, bytes.fromhex(calldata(signature, account)[2:])) for account in accounts for to, signature in questions]
    return calldata(_AGGREGATE, calls)


def _views(accounts: Sequence[str], answer: str, count: int) -> Mapping[str, AccountView]:
    results = returned(("(bool,bytes)[]",), answer)[0]
    words = [int.from_bytes(data[:32], "big", signed=True) for _, data in results]
    rows = [words[start : start + count] for start in range(0, len(words), count)]
    return {account: AccountView(row[0], row[1], bool(row[2]) if count > 2 else None) for account, row in zip(accounts, rows, strict=True)}
