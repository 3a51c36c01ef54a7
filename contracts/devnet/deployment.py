"""What stands on a devnet: addresses, markets, collaterals and the drawn traders, saved as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Side = Literal["long", "short"]
Style = Literal["taker", "both", "maker", "collateral", "late"]


@dataclass(frozen=True, slots=True)
class Core:
    """Addresses of the venue's own contracts."""

    clearing_house: str
    account_balance: str
    vault: str
    exchange: str
    order_book: str
    market_registry: str
    clearing_house_config: str
    collateral_manager: str
    insurance_fund: str
    quote_token: str
    uniswap_factory: str
    delegate_approval: str


@dataclass(frozen=True, slots=True)
class Feed:
    """A price source: the settable aggregator, ChainlinkPriceFeedV3 on it, PriceFeedDispatcher before that."""

    aggregator: str
    feed: str
    dispatcher: str


@dataclass(frozen=True, slots=True)
class Market:
    """One market. `name` is the symbol (ETH), prices have 8 decimals."""

    name: str
    base: str
    pool: str
    price: Feed
    start_price_8: int

    @property
    def aggregator(self) -> str:
        """The aggregator whose answer is the index price."""
        return self.price.aggregator

    @property
    def feed(self) -> str:
        """The ChainlinkPriceFeedV3 to be updated after a new answer."""
        return self.price.feed


@dataclass(frozen=True, slots=True)
class Collateral:
    """A non-settlement collateral; its price is that of the market it `follows`. Ratios: 1e6 = 100 %."""

    name: str
    token: str
    decimals: int
    price: Feed
    follows: str
    collateral_ratio: int
    discount_ratio: int


@dataclass(frozen=True, slots=True)
class SpotPool:
    """Where a collateral is traded for USDC (Uniswap V3), and the keeper's own contract that sells it there."""

    token: str
    pool: str
    exchange: str


@dataclass(frozen=True, slots=True)
class Position:
    """A taker position to be opened; the notional is in whole USD."""

    market: str
    side: Side
    notional_usd: int


@dataclass(frozen=True, slots=True)
class Order:
    """A maker order; amounts have 18 decimals."""

    market: str
    lower_tick: int
    upper_tick: int
    base_18: int
    quote_18: int


@dataclass(frozen=True, slots=True)
class Trader:
    """A drawn trader.

    `leverage_bps` is exposure over margin (10,000 = 1x) as drawn; `deposit_6` USDC. `collateral` names a
    non-settlement collateral of which `collateral_amount` (token units) is deposited as well. A trader of style
    `late` has deposited, but opens its position only once the index of its market stands `enters_below_bps` lower
    than at the start.
    """

    address: str
    style: Style
    leverage_bps: int
    deposit_6: int
    positions: tuple[Position, ...] = ()
    orders: tuple[Order, ...] = ()
    collateral: str | None = None
    collateral_amount: int = 0
    enters_below_bps: int = 0


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything a program needs to find its way on the devnet. The keys are anvil's published test keys."""

    chain_id: int
    seed: int
    start_block: int
    """First block with a transaction of the protocol."""
    ready_block: int
    """Last block of the set-up: everybody who starts with a position has it."""
    core: Core
    markets: tuple[Market, ...]
    collaterals: tuple[Collateral, ...]
    spot_pools: tuple[SpotPool, ...]
    """In the order of the collaterals."""
    pool_trader: str
    """Gives these pools liquidity, and trades them to the oracle's price."""
    usdc: str
    multicall: str
    executor: str
    valuer: str
    executor_owner: str
    executor_owner_key: str
    treasury: str
    keeper: str
    keeper_key: str
    owner: str
    arbitrageur: str
    base_maker: str
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
    def load(cls, path: Path) -> Deployment:
        """Reads what `save` wrote."""
        fields: dict[str, Any] = json.loads(path.read_text())
        fields["core"] = Core(**fields["core"])
        fields["markets"] = tuple(Market(**_with_feed(item)) for item in fields["markets"])
        fields["collaterals"] = tuple(Collateral(**_with_feed(item)) for item in fields["collaterals"])
        fields["spot_pools"] = tuple(SpotPool(**item) for item in fields["spot_pools"])
        fields["traders"] = tuple(_trader(item) for item in fields["traders"])
        return cls(**fields)


def _with_feed(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "price": Feed(**item["price"])}


def _trader(item: dict[str, Any]) -> Trader:
    positions = tuple(Position(**position) for position in item["positions"])
    orders = tuple(Order(**order) for order in item["orders"])
    return Trader(**{**item, "positions": positions, "orders": orders})
