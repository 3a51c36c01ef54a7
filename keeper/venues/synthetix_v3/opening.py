"""A new account's first position as AsyncOrderModule would commit and settle it at the index price of `now`, with snxUSD as margin.

Whether the core's credit covers it is not looked at."""

from dataclasses import dataclass

from keeper.domain.calldata import Encoder, number
from keeper.domain.chain import Call, Reads, Timestamp
from keeper.domain.opening import NoOpening
from keeper.venues.synthetix_v3.decimal_math import mul_decimal
from keeper.venues.synthetix_v3.events import SynthetixEvent
from keeper.venues.synthetix_v3.funding import funding_rate, funding_velocity
from keeper.venues.synthetix_v3.log_events import CollateralModified, MarketUpdated, OrderSettled
from keeper.venues.synthetix_v3.margin import position_margin
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.order_fill import fill_price, order_fee
from keeper.venues.synthetix_v3.reward import collateral_reward, possible_reward
from keeper.venues.synthetix_v3.state import (
    SNX_USD,
    KeeperCosts,
    Market,
    MarketReads,
    Position,
    SynthetixBook,
    interest_rate,
    parameters,
    reads_at,
)
from keeper.venues.synthetix_v3.views import name_of

_NEWCOMER = (1 << 128) - 1
"""An account id nobody has."""
_NOBODY = "0x" + "00" * 20
_NO_CODE = "0x" + "00" * 32
_STRATEGY = 0
"""The market's first settlement strategy, which an order usually names."""


@dataclass(frozen=True, slots=True)
class Fill:
    """An order of a new account as it would be settled: `size` at `price`. `fees` has what the settlement costs in it; USD."""

    market_id: str
    market: Market
    index_price: int
    size: int
    price: int
    fees: int


def opening(
    options: Options, encoder: Encoder, market_name: str, size: int, margin: int, book: SynthetixBook, now: Timestamp
) -> Reads[list[SynthetixEvent] | NoOpening]:
    """The events of a deposit and an order's settlement; asks what settling an order costs and how large the market may become."""
    market_id, market = next(item for item in book.markets.items() if name_of(*item) == market_name)
    reads = reads_at(book, now)
    settlement, max_size, max_value = map(number, (yield _questions(options, encoder, int(market_id))))
    read = reads.markets.get(market_id)
    if read is None or settlement is None or reads.costs is None or not parameters(book).is_open:
        return NoOpening(f"{market_name} is not open for trading")
    if _is_too_large(market, size, read.price, max_size or 0, max_value or 0):
        return NoOpening(f"{market_name} would have more open interest on this side than is allowed")
    price = fill_price(market, size, read.price)
    fill = Fill(market_id, market, read.price, size, price, order_fee(market, size, price) + settlement)
    minimum = _minimum_margin(fill, margin, reads.costs, book)
    if minimum > margin:
        return NoOpening("the initial margin and the costs of opening are more than the margin", minimum)
    return _events(fill, margin, book, now)


def _questions(options: Options, encoder: Encoder, market_id: int) -> list[Call]:
    market = options.perps_market
    return [
        encoder.call(market, "getSettlementRewardCost(uint128,uint128)", market_id, _STRATEGY),
        encoder.call(market, "getMaxMarketSize(uint128)", market_id),
        encoder.call(market, "getMaxMarketValue(uint128)", market_id),
    ]


def _is_too_large(market: Market, size: int, price: int, max_size: int, max_value: int) -> bool:
    """PerpsMarket.validatePositionSize: base units and USD of the longs or of the shorts; a maximum value of 0 is none."""
    total, skew = market.size + abs(size), market.skew + size
    side_size = (total + skew if size > 0 else total - skew) // 2
    return side_size > max_size or 0 < max_value < mul_decimal(side_size, price)


def _minimum_margin(fill: Fill, margin: int, costs: KeeperCosts, book: SynthetixBook) -> int:
    """The margin itself where AsyncOrder.validateRequest lets the order through, else the least that would do. More margin means a higher
    cap of the reward, which takes a part of it: the steps become smaller and end."""
    while (requirement := _required_margin(fill, margin, costs, book)) > margin:
        margin = requirement
    return margin


def _required_margin(fill: Fill, margin: int, costs: KeeperCosts, book: SynthetixBook) -> int:
    """AsyncOrder.validateRequest and getRequiredMarginWithNewPosition: a fill worse than the price counts, a better one does not; no price
    feed is counted for an account that has no position yet."""
    guards, configuration = parameters(book).guards, fill.market.configuration
    figures = position_margin(Position(fill.size, fill.price, 0, 0), configuration, MarketReads(fill.index_price, 0), 0)
    flag_reward = mul_decimal(mul_decimal(abs(fill.size), fill.price), configuration.flag_reward_ratio)
    rewards = max(flag_reward, collateral_reward(guards, margin))
    reward = possible_reward(guards, costs, 0, rewards, margin, figures.windows)
    return figures.initial + reward + fill.fees - min(0, figures.price_pnl)


def _events(fill: Fill, margin: int, book: SynthetixBook, now: Timestamp) -> list[SynthetixEvent]:
    """The rate of interest stays: what the utilisation becomes is not in the book."""
    market_id, market, rate = int(fill.market_id), fill.market, interest_rate(book).rate
    skew, total = market.skew + fill.size, market.size + abs(fill.size)
    funding = (funding_rate(market, now), funding_velocity(market))
    return [
        CollateralModified(_NEWCOMER, int(SNX_USD), margin, _NOBODY),
        MarketUpdated(market_id, fill.index_price, skew, total, fill.size, *funding, rate),
        OrderSettled(
            market_id=market_id,
            account_id=_NEWCOMER,
            fill_price=fill.price,
            pnl=0,
            accrued_funding=0,
            size_delta=fill.size,
            new_size=fill.size,
            total_fees=fill.fees,
            referral_fees=0,
            collected_fees=0,
            settlement_reward=0,
            tracking_code=_NO_CODE,
            settler=_NOBODY,
        ),
    ]
