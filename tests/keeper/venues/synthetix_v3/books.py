"""Books made by hand, through events only: two markets, one synth, the devnet's parameters."""

from collections.abc import Sequence

from eth_abi.abi import encode

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address, Timestamp
from keeper.domain.health import Breach, Health
from keeper.domain.money import Usd18
from keeper.domain.options import build
from keeper.domain.venue import Event
from keeper.venues.synthetix_v3 import log_events as log
from keeper.venues.synthetix_v3 import parameter_events as parameter
from keeper.venues.synthetix_v3 import read_events as read
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.oracle_node import NodeType
from keeper.venues.synthetix_v3.state import Account, Market, SynthetixBook
from keeper.venues.synthetix_v3.venue import SynthetixV3

CONTRACTS = ("perps_market", "core", "spot_market", "usd_token", "oracle_manager", "pyth")
ADDRESSES = {name: f"0x{index + 1:040x}" for index, name in enumerate(CONTRACTS)}
OPTIONS = build(Options, ADDRESSES)
ETH, BTC = 100, 200
SNX_USD, SETH = 0, 6
ALICE, BOB = 1_000, 1_001
EXECUTOR = Address("0x" + "ee" * 20)
ENDORSED = "0x" + "ed" * 20
T0 = Timestamp(1_700_000_000)
PRICE_IDS = {ETH: "0x" + "e1" * 32, BTC: "0x" + "b1" * 32}
NODE_IDS = {ETH: "0x" + "e2" * 32, BTC: "0x" + "b2" * 32}
PRICES = {ETH: 2_500, BTC: 60_000}
EXPONENT = -8
NO_CODE = "0x" + "00" * 32
SENDER = "0x" + "5e" * 20


def x18(value: float) -> int:
    """A plain number with 18 decimals, exact to the millionth."""
    return round(value * 10**6) * 10**12


def key_of(account_id: int) -> AccountKey:
    """The account's key."""
    return AccountKey(str(account_id))


def health(equity: int, requirement: int, breach: Breach | None) -> Health:
    """A margin test of 18 decimals."""
    return Health(Usd18(equity), Usd18(requirement), breach)


def price_nodes(market_id: int) -> Sequence[log.NodeRegistered]:
    """Pyth behind a staleness check, as on live chains."""
    pyth, lookup = int(NODE_IDS[market_id], 16) + 1, int(NODE_IDS[market_id], 16) + 2
    price_id = bytes.fromhex(PRICE_IDS[market_id][2:])
    price_parameters = encode(["address", "bytes32", "bool"], [ADDRESSES["pyth"], price_id, False])
    lookup_parameters = encode(["address", "bytes32", "uint256"], [ADDRESSES["pyth"], price_id, 3_600])
    tolerance = encode(["uint256"], [3_600])
    return (
        log.NodeRegistered(f"0x{pyth:064x}", NodeType.PYTH, "0x" + price_parameters.hex(), ()),
        log.NodeRegistered(f"0x{lookup:064x}", NodeType.PYTH_OFFCHAIN_LOOKUP, "0x" + lookup_parameters.hex(), ()),
        log.NodeRegistered(NODE_IDS[market_id], NodeType.STALENESS_CIRCUIT_BREAKER, "0x" + tolerance.hex(), (pyth, lookup)),
    )


class Desk:
    """A venue, its book, and short ways to make things happen. Prices are plain numbers."""

    def __init__(self) -> None:
        self.venue = SynthetixV3(OPTIONS)
        self.book: SynthetixBook = self.venue.new_book()
        self.number = 0
        self.now = T0
        self.prices = {market_id: x18(price) for market_id, price in PRICES.items()}
        self.block(0)
        self.apply(parameter.KeeperRewardGuardsSet(x18(1), x18(0.3), x18(30), x18(0.3)))
        self.apply(parameter.CollateralLiquidateRewardRatioSet(x18(0.0003)))
        self.apply(parameter.InterestRateParametersSet(x18(0.0003), x18(0.75), x18(0.01)))
        self.apply(parameter.KeeperCostNodeIdUpdated("0x" + "c0" * 32))
        self.apply(parameter.FeatureFlagAllowAllSet("0x" + b"perpsSystem".ljust(32, b"\0").hex(), True))
        for collateral_id in (SNX_USD, SETH):
            self.apply(parameter.CollateralConfigurationSet(collateral_id, x18(10**6), x18(0.1), x18(0.01), x18(1)))
        self.apply(read.CollateralDescribed(SETH, "0x" + "a6" * 20, "sETH", NODE_IDS[ETH]))
        for market_id, symbol in ((ETH, "ETH"), (BTC, "BTC")):
            self._create(market_id, symbol)
            self.publish(market_id, PRICES[market_id])

    def _create(self, market_id: int, symbol: str) -> None:
        self.apply(*price_nodes(market_id), read.PriceExponentRead(PRICE_IDS[market_id], EXPONENT))
        self.apply(
            parameter.MarketCreated(market_id, symbol, symbol),
            parameter.MarketPriceDataUpdated(market_id, NODE_IDS[market_id], 60),
            parameter.OrderFeesSet(market_id, x18(0.000001), x18(0.0005)),
            parameter.FundingParametersSet(market_id, x18(15_000 if market_id == ETH else 625), x18(9)),
            parameter.LiquidationParametersSet(market_id, x18(1.16), x18(0.02), x18(0.28), x18(0.0003), x18(15)),
            parameter.MaxLiquidationParametersSet(market_id, x18(0.15), 10, x18(0.0005), ENDORSED),
            parameter.LockedOiRatioSet(market_id, x18(0.1)),
        )

    def block(self, seconds: int = 2) -> None:
        """Open the next block, this much later."""
        self.number += 1
        self.now = Timestamp(self.now + seconds)
        self.book.open_block(self.number, self.now)

    def apply(self, *events: Event) -> set[AccountKey]:
        """Apply events; the accounts touched."""
        touched: set[AccountKey] = set()
        for event in events:
            touched |= self.venue.apply(event, self.book)
        return touched

    def publish(self, market_id: int, price: float) -> None:
        """A price is stored in Pyth."""
        self.apply(log.PriceFeedUpdate(PRICE_IDS[market_id], self.now, round(price * 10**8), 0))
        self.prices[market_id] = round(price * 10**8) * 10**10

    def deposit(self, account_id: int, amount: float, collateral_id: int = SNX_USD) -> None:
        """Collateral in."""
        self.apply(log.CollateralModified(account_id, collateral_id, x18(amount), SENDER))

    def commit(self, account_id: int, size: float, market_id: int = ETH) -> None:
        """An order, at the price Pyth has."""
        times = (self.now, self.now + 2, self.now + 2, self.now + 62)
        self.apply(log.OrderCommitted(market_id, account_id, 0, x18(size), 0, *times, NO_CODE, SENDER))

    def trade(
        self, account_id: int, size: float, price: float | None = None, *, market_id: int = ETH, pnl: int = 0, fees: int = 0, rate: int = 0
    ) -> None:
        """An order settled at the price (the index as it is), in the order of its logs."""
        market, account = self.market(market_id), self.book.accounts.get(key_of(account_id), Account())
        position = account.positions.get(str(market_id))
        before, fill = position.size if position else 0, self.prices[market_id] if price is None else x18(price)
        after, skew = before + x18(size), market.skew + x18(size)
        total = market.size + abs(after) - abs(before)
        self.apply(
            log.AccountCharged(account_id, pnl - fees, 0),
            log.MarketUpdated(market_id, fill, skew, total, total - market.size, 0, 0, rate),
            log.InterestCharged(account_id, 0),
            log.OrderSettled(market_id, account_id, fill, pnl, 0, x18(size), after, fees, 0, 0, 0, NO_CODE, SENDER),
        )

    def liquidate(self, account_id: int, amounts: dict[int, float], reward: int = 0, *, flag: bool = True) -> None:
        """What `liquidate` tells when it takes these base units by market."""
        if flag:
            self.apply(log.AccountFlaggedForLiquidation(account_id, 0, 0, 0, 0))
        for market_id, amount in amounts.items():
            market, position = self.market(market_id), self.account(account_id).positions[str(market_id)]
            delta = -x18(amount) if position.size > 0 else x18(amount)
            price = self.prices[market_id]
            self.apply(
                log.MarketUpdated(market_id, price, market.skew + delta, market.size - x18(amount), delta, 0, 0, 0),
                log.PositionLiquidated(account_id, market_id, x18(amount), position.size + delta),
            )
        is_whole = not self.book.accounts.get(key_of(account_id), Account()).positions
        self.apply(log.AccountLiquidationAttempt(account_id, reward, is_whole))

    def read(self, at: int | None = None, *, flag_cost: float = 0.1, liquidate_cost: float = 0.15, skew_scale: float = 500) -> Timestamp:
        """What `refresh` would tell at a time, the block's own as it is: Pyth's prices, the synth at ETH's."""
        now = Timestamp(self.now if at is None else at)
        for market_id in (ETH, BTC):
            self.apply(read.MarketRead(market_id, now, self.prices[market_id]))
        self.apply(read.CollateralRead(SETH, now, self.prices[ETH], x18(skew_scale)))
        self.apply(read.KeeperCostsRead(now, x18(liquidate_cost), tuple(x18(flag_cost * feeds) for feeds in range(4))))
        return now

    def health(self, account_id: int, at: Timestamp | None = None) -> Health:
        """The exact test, at the block's own time as it is."""
        return self.venue.health(key_of(account_id), self.book, self.now if at is None else at)

    def account(self, account_id: int) -> Account:
        """The account. Raises KeyError."""
        return self.book.accounts[key_of(account_id)]

    def market(self, market_id: int = ETH) -> Market:
        """The market."""
        return self.book.markets[str(market_id)]
