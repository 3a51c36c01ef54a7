"""What stands on a Synthetix V3 devnet: addresses, markets, synths and the drawn traders, saved as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from contracts.devnet.deployment import Position

Style = Literal["taker", "both", "collateral", "debtor", "idle"]
SNX_USD = 0
"""The collateral id of snxUSD."""


@dataclass(frozen=True, slots=True)
class Contracts:
    """Addresses. `perps_market` answers for all of its modules; `pyth` is Pyth and its ERC-7412 wrapper in one."""

    perps_market: str
    core: str
    spot_market: str
    snx_usd: str
    oracle_manager: str
    pyth: str
    keeper_cost_node: str


@dataclass(frozen=True, slots=True)
class Market:
    """One market. `price_id` is Pyth's and `node_id` the oracle manager's, both 0x-hex; prices have 8 decimals."""

    market_id: int
    name: str
    price_id: str
    node_id: str
    start_price_8: int
    settlement_delay: int
    price_delay: int
    settlement_window: int


@dataclass(frozen=True, slots=True)
class Synth:
    """A synth that serves as collateral; its price is that of the market it `follows`."""

    collateral_id: int
    name: str
    token: str
    follows: str
    reward_distributor: str


@dataclass(frozen=True, slots=True)
class Trader:
    """A drawn trader with one account.

    `leverage_bps` is exposure over margin (10,000 = 1x) as drawn, the margin at its discounted value; `deposit_18` is
    snxUSD, `synth_18` the amount of the first synth. A debtor has closed the position again, at a loss that is a debt, as the
    margin is a synth.
    """

    address: str
    account_id: int
    style: Style
    leverage_bps: int
    deposit_18: int
    synth_18: int = 0
    positions: tuple[Position, ...] = ()


@dataclass(frozen=True, slots=True)
class SynthetixDeployment:
    """Everything a program needs to find its way on the devnet. The keys are anvil's published test keys."""

    chain_id: int
    seed: int
    start_block: int
    """First block with a transaction of the protocol."""
    ready_block: int
    """Last block of the set-up: everybody who starts with a position has it."""
    contracts: Contracts
    markets: tuple[Market, ...]
    synths: tuple[Synth, ...]
    multicall: str
    guardian: str
    """Whose signature `pyth` trusts."""
    executor: str
    valuer: str
    executor_owner: str
    executor_owner_key: str
    treasury: str
    keeper: str
    keeper_key: str
    owner: str
    settler: str
    """Settles orders and brings prices, as anybody may."""
    traders: tuple[Trader, ...]

    def market(self, name: str) -> Market:
        """The market of that name. Raises KeyError."""
        return {market.name: market for market in self.markets}[name]

    def start_prices_8(self) -> Mapping[str, int]:
        """Index price at the start by market name, 8 decimals."""
        return {market.name: market.start_price_8 for market in self.markets}

    def save(self, path: Path) -> None:
        """Writes it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> SynthetixDeployment:
        """Reads what `save` wrote."""
        fields: dict[str, Any] = json.loads(path.read_text())
        fields["contracts"] = Contracts(**fields["contracts"])
        fields["markets"] = tuple(Market(**item) for item in fields["markets"])
        fields["synths"] = tuple(Synth(**item) for item in fields["synths"])
        fields["traders"] = tuple(_trader(item) for item in fields["traders"])
        return cls(**fields)


def _trader(item: dict[str, Any]) -> Trader:
    return Trader(**{**item, "positions": tuple(Position(**position) for position in item["positions"])})
