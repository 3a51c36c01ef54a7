"""Small runs for tests: as much of a lake's answers as figures are made of."""

from __future__ import annotations

from typing import Any

from contracts.demo.answers import Answers
from contracts.demo.assets import Prices, Worth
from contracts.demo.ledger import Ledger, Margin
from contracts.demo.run import Run

NOTIONAL_USD = 100.0


def liquidation(
    account: str, block: int, market: str = "ETH", *, size: float = 1.0, kind: str = "positions", ours: bool = True
) -> dict[str, Any]:
    """One of a long, or of an account's margin where the size is 0."""
    side = "long" if size > 0 else "short"
    fields = {"account": account, "block_number": block, "market": market, "size": size, "side": side, "kind": kind, "ours": ours}
    return (
        fields
        | {"liquidator": "0xours" if ours else "0xother", "notional_usd": NOTIONAL_USD, "bad_debt_usd": 1.5}
        | {"notional_usd": NOTIONAL_USD, "bad_debt_usd": 1.5}
    )


def run(*liquidations: dict[str, Any], ledger: Ledger | None = None, traders: int = 3) -> Run:
    """A run with one transaction that earned 5 USD and 2 USD of a token for 1 USD of gas, and one comparison at block 10, of equity 7 and
    requirement 3."""
    outcome = {"outcome": "included", "gas_used": 400, "gas_cost_wei": 10**15, "profit_raw": str(5 * 10**18), "tokens": '[["0xt", "2"]]'}
    snapshot = {"account": "a", "block_number": 10, "equity_raw": "7", "requirement_raw": "3", "matches": True}
    blocks = [{"rpc_requests": 3, "rpc_calls": 9, "ms": 40}]
    prices = Prices({"0xt": 0}, {"0xt": 10**8}, 1_000 * 10**8)
    answers = Answers(liquidations, [outcome], blocks, [snapshot])
    return Run(traders, answers, ledger or Ledger(), Worth(5.0, 2.0, 1.0), prices)


def ledger(equity_raw: int, block: int = 10) -> Ledger:
    """A referee who read that equity of account "a", and its requirement of 3."""
    return Ledger(margins={("a", block): Margin(equity_raw, 3)})
