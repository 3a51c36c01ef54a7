"""What is known of one venue's part of a run: the lake's answers beside the referee's and the chain's own figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.demo.answers import Answers
from contracts.demo.assets import Prices, Worth
from contracts.demo.ledger import Ledger, Margin

_WEI = 10**18
_OF_COLLATERAL = "collateral"


@dataclass(frozen=True, slots=True)
class Run:
    """`traders` is how many the venue has; `prices` are those of the run's end, which value both sides of the comparison of profit with
    `worth`, the chain's own before and after."""

    traders: int
    answers: Answers
    ledger: Ledger
    worth: Worth
    prices: Prices

    def liquidations(self) -> Sequence[Mapping[str, Any]]:
        """Our own, of positions or of whole accounts."""
        return [row for row in self._all_liquidations() if row["ours"]]

    def liquidations_by(self, liquidator: str) -> Sequence[Mapping[str, Any]]:
        """Those of anybody, by (lower-case) address."""
        return [row for row in self._all_liquidations() if row["liquidator"] == liquidator]

    def collateral_liquidations(self) -> Sequence[Mapping[str, Any]]:
        """Our own, of collateral while the position stays."""
        return [row for row in self.answers.liquidations if row["ours"] and row["kind"] == _OF_COLLATERAL]

    def missed(self) -> Sequence[str]:
        """See Ledger.missed: whom nobody liquidated. Whom somebody else liquidated is lost, not missed."""
        return self.ledger.missed(_blocks_by_account(self._all_liquidations()))

    def lateness(self) -> Sequence[int]:
        """See Ledger.lateness."""
        return self.lateness_of(self.liquidations())

    def lateness_of(self, liquidations: Sequence[Mapping[str, Any]]) -> Sequence[int]:
        """See Ledger.lateness: of the liquidations of one liquidator, those of all others beside them."""
        return self.ledger.lateness(_blocks_by_account(liquidations), _blocks_by_account(self._all_liquidations()))

    def profit_parts(self) -> Mapping[str, float]:
        """The lake's sum over our transactions in USD: settlement currency and tokens received, gas spent."""
        outcomes = self.answers.outcomes
        tokens = [(token, int(amount)) for row in outcomes for token, amount in json.loads(row["tokens"])]
        return {
            "settlement": sum(int(row["profit_raw"]) for row in outcomes) / _WEI,
            "tokens": sum(self.prices.token_usd(token, amount) for token, amount in tokens),
            "gas": self.prices.gas_usd(sum(int(row["gas_cost_wei"]) for row in outcomes)),
        }

    def matches(self) -> Sequence[bool | None]:
        """The keeper's own comparisons of its margins with the contract's view at the same block; None where that told nothing."""
        return [row["matches"] for row in self.answers.snapshots]

    def referee_matches(self) -> Sequence[bool]:
        """The same margins of the keeper against what the referee read, in the blocks that it judged."""
        margins = self.ledger.margins
        return [
            margins[place] == Margin(int(row["equity_raw"]), int(row["requirement_raw"]))
            for row in self.answers.snapshots
            if (place := (row["account"], row["block_number"])) in margins
        ]

    def _all_liquidations(self) -> Sequence[Mapping[str, Any]]:
        return [row for row in self.answers.liquidations if row["kind"] != _OF_COLLATERAL]


def _blocks_by_account(liquidations: Sequence[Mapping[str, Any]]) -> Mapping[str, Sequence[int]]:
    blocks: dict[str, list[int]] = {}
    for row in sorted(liquidations, key=lambda row: row["block_number"]):
        blocks.setdefault(row["account"], []).append(row["block_number"])
    return blocks
