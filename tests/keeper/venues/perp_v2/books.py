"""Books made by hand, through events only: one market, one collateral, round numbers."""

from typing import Any

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address, Timestamp
from keeper.domain.fixed import Q96, X18
from keeper.domain.options import build
from keeper.domain.venue import Event
from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2 import read_events as read
from keeper.venues.perp_v2 import ticks
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.state import PerpBook
from keeper.venues.perp_v2.venue import PerpV2

CONTRACTS = (
    "clearing_house",
    "account_balance",
    "vault",
    "exchange",
    "order_book",
    "market_registry",
    "clearing_house_config",
    "collateral_manager",
    "insurance_fund",
)
ADDRESSES = {name: f"0x{index + 1:040x}" for index, name in enumerate(CONTRACTS)}
FUND = AccountKey(ADDRESSES["insurance_fund"])
QUOTE = "0x" + "d1" * 20
ETH = "0x" + "e1" * 20
BTC = "0x" + "b1" * 20
USDC = "0x" + "c0" * 20
WETH = "0x" + "c1" * 20
ALICE = AccountKey("0x" + "a1" * 20)
BOB = AccountKey("0x" + "b2" * 20)
EXECUTOR = Address("0x" + "ee" * 20)
T0 = Timestamp(1_700_000_000)
CONFIG = (100_000, 62_500, 25_000, 100_000, 900, 1_800, 900, 2_000, 750_000, 500_000, 30_000, 10_000 * 10**6, 500 * 10**6, 0, 0)


def sqrt_of(price: int | float) -> int:
    """Square-root price in Q96 of a plain price."""
    return ticks.sqrt_price_of(int(price * 10**6) * 10**12)


class Desk:
    """A venue, its book, and short ways to make things happen."""

    def __init__(self) -> None:
        self.venue = PerpV2(build(Options, ADDRESSES))
        self.book: PerpBook = self.venue.new_book()
        self.number = 0
        self.now = T0
        self.apply(read.ConfigRead(USDC, 6, CONFIG))
        self.block(T0)
        self.apply(log.PoolAdded(ETH, 10_000, "0x" + "f1" * 20))
        self.apply(log.MarketConfigChanged("exchange_fee_ratio", ETH, 1_000))
        self.apply(log.MarketConfigChanged("max_tick_crossed", ETH, 1_000))
        self.apply(log.CollateralAdded(WETH, "0x" + "f2" * 20, 800_000, 100_000, 2**255))
        self.apply(read.MarketNamed(ETH, "ETH"))
        self.apply(read.CollateralDescribed(WETH, "WETH", 18, 8))

    def block(self, timestamp: int | None = None) -> None:
        """Open the next block, 12 s later unless told otherwise."""
        self.number += 1
        self.now = Timestamp(self.now + 12 if timestamp is None else timestamp)
        self.book.open_block(self.number, self.now)

    def apply(self, *events: Event) -> set[AccountKey]:
        """Apply events; the accounts touched."""
        touched: set[AccountKey] = set()
        for event in events:
            touched |= self.venue.apply(event, self.book)
        return touched

    def deposit(self, key: AccountKey, usd: int) -> None:
        """USDC into the Vault."""
        self.apply(log.Deposited(USDC, key, usd * 10**6))

    def trade(
        self, key: AccountKey, size: int, notional: int, *, open_notional: int | None = None, price: float = 2_500, base: str = ETH
    ) -> None:
        """A taker's trade in whole units; < 0 notional pays for a long."""
        account = self.book.accounts.get(key)
        held = account.positions[base].open_notional if account and base in account.positions else 0
        after = held + notional * X18 if open_notional is None else open_notional * X18
        self.apply(log.PositionChanged(key, base, size * X18, notional * X18, 1, after, 0, sqrt_of(price)))

    def order(self, key: AccountKey, lower: int, upper: int, liquidity: int, base: int, quote: int) -> None:
        """Liquidity added (or taken away, negative); raw amounts."""
        self.apply(log.LiquidityChanged(key, ETH, QUOTE, lower, upper, base, quote, liquidity, 0))

    def market(self, price: float = 2_500, *, spot: float | None = None, base: str = ETH, at: int | None = None, **changes: Any) -> None:
        """A market whose mark is the price: all TWAPs and indexes agree."""
        sqrt = sqrt_of(price)
        x18 = ticks.price_x18_of(sqrt)
        spot_sqrt = sqrt if spot is None else sqrt_of(spot)
        values: dict[str, Any] = {
            "base_token": base,
            "timestamp": self.now if at is None else at,
            "sqrt_price_x96": spot_sqrt,
            "tick": ticks.tick_at(spot_sqrt),
            "liquidity": 10**23,
            "short_twap_x96": sqrt,
            "long_twap_x96": sqrt,
            "premium_twap_x96": sqrt,
            "funding_twap_x96": sqrt,
            "index_x18": x18,
            "premium_index_x18": x18,
            "funding_index_x18": x18,
            "status": 0,
            "stopped_at": 0,
            "stopped_price_x18": 0,
        }
        self.apply(read.MarketRead(**(values | changes)))

    def collateral(self, twap: int = 2_500, spot: int | None = None) -> None:
        """WETH's prices in whole USD."""
        self.apply(read.CollateralRead(WETH, self.now, twap * 10**8, (twap if spot is None else spot) * 10**8))


def x96(value: float) -> int:
    """A plain number in Q96."""
    return int(value * 2**20) * Q96 >> 20
