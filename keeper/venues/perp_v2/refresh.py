"""Per block, O(markets + collaterals): what no event tells. One batch, a second one only while a market is not open."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from keeper.domain.calldata import Encoder, number, signed, signed_array
from keeper.domain.chain import Call, CallResult, Reads, Timestamp
from keeper.venues.perp_v2 import funding, ticks
from keeper.venues.perp_v2.descriptions import collateral_calls, collateral_described, is_described, market_call, market_named
from keeper.venues.perp_v2.events import PerpEvent
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.price import SHORT_TWAP_SECONDS, SPOT_BELOW_SECONDS
from keeper.venues.perp_v2.read_events import CollateralRead, InsuranceFundRead, MarketRead
from keeper.venues.perp_v2.state import Collateral, Config, Market, PerpBook, Status, parameters

COLLATERAL_TWAP_SECONDS = 900
"""Vault._COLLATERAL_TWAP_INTERVAL."""
_STATUS_CALLS = ("isOpen()", "isClosed()", "getPausedTimestamp()", "getPausedIndexPrice()", "getClosedPrice()")


@dataclass(frozen=True, slots=True)
class _Twaps:
    """Seconds of each TWAP of a market at one time."""

    long: int
    premium: int
    funding: int

    def agos(self) -> tuple[int, ...]:
        """Ascending; 0 is now."""
        return tuple(sorted({0, SHORT_TWAP_SECONDS, self.long, self.premium, self.funding}))

    def indexes(self) -> tuple[int, ...]:
        """Intervals of the index prices wanted: newest, premium, funding."""
        return (0, self.premium, self.funding)


def refresh(options: Options, encoder: Encoder, book: PerpBook, now: Timestamp) -> Reads[Sequence[PerpEvent]]:
    """Everything `health` needs at `now` that no event tells. Answers are valid for the block the calls are pinned to."""
    params = parameters(book)
    markets = {name: (market, _twaps(market, params.config, now)) for name, market in book.markets.items()}
    calls: list[Call] = [encoder.call(options.insurance_fund, "getInsuranceFundCapacity()")]
    for base_token, (market, twaps) in markets.items():
        calls += _market_calls(encoder, base_token, market, twaps)
    for token, collateral in params.collaterals.items():
        calls += _collateral_calls(options, encoder, token, collateral)
    answers = iter((yield calls))
    events = [*_insurance_fund(next(answers), now)]
    halted: dict[str, MarketRead] = {}
    for base_token, (market, twaps) in markets.items():
        named, read = _market(answers, base_token, market, twaps, now)
        events += named
        if read.status == Status.OPEN:
            events.append(read)
        else:
            halted[base_token] = read
    for token, collateral in params.collaterals.items():
        events += _collateral(answers, token, collateral, now)
    if halted:
        events += yield from _halted(encoder, halted, markets, now)
    return events


def _twaps(market: Market, config: Config, now: Timestamp) -> _Twaps:
    interval = funding.twap_interval(market, config.twap_interval, funding.clock(market, now))
    return _Twaps(config.mark_twap_interval, config.premium_interval, interval)


def _market_calls(encoder: Encoder, base_token: str, market: Market, twaps: _Twaps) -> Iterator[Call]:
    yield encoder.call_array(market.pool, "observe(uint32[])", *twaps.agos())
    yield encoder.call(market.pool, "slot0()")
    yield encoder.call(market.pool, "liquidity()")
    for interval in twaps.indexes():
        yield encoder.call(base_token, "getIndexPrice(uint256)", interval)
    yield encoder.call(base_token, "isOpen()")
    if not market.name:
        yield market_call(encoder, base_token)


def _market(
    answers: Iterator[CallResult], base_token: str, market: Market, twaps: _Twaps, now: Timestamp
) -> tuple[list[PerpEvent], MarketRead]:
    observed, slot0 = signed_array(next(answers)), next(answers)
    liquidity = number(next(answers)) or 0
    index, premium_index, funding_index = (number(next(answers)) or 0 for _ in twaps.indexes())
    is_open = number(next(answers)) == 1
    named: list[PerpEvent] = []
    if not market.name:
        named.append(market_named(next(answers), base_token))
    spot = number(slot0) or 0
    cumulatives = dict(zip(twaps.agos(), observed, strict=True)) if observed is not None else {}
    return named, MarketRead(
        base_token=base_token,
        timestamp=now,
        sqrt_price_x96=spot,
        tick=signed(slot0, 1) or 0,
        liquidity=liquidity,
        short_twap_x96=_sqrt_twap(cumulatives, SHORT_TWAP_SECONDS, spot),
        long_twap_x96=_sqrt_twap(cumulatives, twaps.long, spot),
        premium_twap_x96=_sqrt_twap(cumulatives, twaps.premium, spot),
        funding_twap_x96=_sqrt_twap(cumulatives, twaps.funding, spot),
        index_x18=index,
        premium_index_x18=premium_index,
        funding_index_x18=funding_index,
        status=Status.OPEN if is_open else Status.PAUSED,
        stopped_at=0,
        stopped_price_x18=0,
    )


def _sqrt_twap(cumulatives: Mapping[int, int], seconds: int, spot: int) -> int:
    """UniswapV3Broker.getSqrtMarketTwapX96; 0 where the pool has no history."""
    if seconds < SPOT_BELOW_SECONDS:
        return spot
    if not cumulatives:
        return 0
    return ticks.sqrt_price_at(ticks.mean_tick(cumulatives[seconds], cumulatives[0], seconds))


def _halted(
    encoder: Encoder, reads: Mapping[str, MarketRead], markets: Mapping[str, tuple[Market, _Twaps]], now: Timestamp
) -> Reads[list[PerpEvent]]:
    """Paused and closed markets: when and at what price they stopped, and the funding TWAP up to that moment."""
    answers = iter((yield [encoder.call(base_token, signature) for base_token in reads for signature in _STATUS_CALLS]))
    stopped: dict[str, tuple[Status, int, int]] = {}
    for base_token in reads:
        _, closed, at, paused_price, closed_price = (number(next(answers)) or 0 for _ in _STATUS_CALLS)
        stopped[base_token] = (Status.CLOSED, at, closed_price) if closed else (Status.PAUSED, at, paused_price)
    spans = {
        base_token: _span(markets[base_token][0], markets[base_token][1].funding, at, now) for base_token, (_, at, _) in stopped.items()
    }
    observed = yield [encoder.call_array(markets[base_token][0].pool, "observe(uint32[])", *span) for base_token, span in spans.items()]
    events: list[PerpEvent] = []
    for (base_token, span), answer in zip(spans.items(), observed, strict=True):
        status, at, price = stopped[base_token]
        twap = _sqrt_between(answer, span, reads[base_token].sqrt_price_x96)
        events.append(replace(reads[base_token], status=status, stopped_at=at, stopped_price_x18=price, funding_twap_x96=twap))
    return events


def _span(market: Market, configured: int, stopped_at: int, now: Timestamp) -> tuple[int, int]:
    """(oldest, newest) seconds ago of the funding TWAP that ends when the market stopped."""
    interval = min(configured, max(0, stopped_at - market.first_traded_at)) if market.first_traded_at else 0
    return (now - stopped_at + interval, now - stopped_at)


def _sqrt_between(answer: CallResult, span: tuple[int, int], spot: int) -> int:
    seconds = span[0] - span[1]
    if seconds < SPOT_BELOW_SECONDS:
        return spot
    observed = signed_array(answer)
    return 0 if observed is None else ticks.sqrt_price_at(ticks.mean_tick(observed[0], observed[1], seconds))


def _collateral_calls(options: Options, encoder: Encoder, token: str, collateral: Collateral) -> Iterator[Call]:
    manager = options.collateral_manager
    yield encoder.call(manager, "getPrice(address,uint256)", token, COLLATERAL_TWAP_SECONDS)
    yield encoder.call(manager, "getPrice(address,uint256)", token, 0)
    if not is_described(collateral):
        yield from collateral_calls(options, encoder, token)


def _collateral(answers: Iterator[CallResult], token: str, collateral: Collateral, now: Timestamp) -> Iterator[PerpEvent]:
    twap, spot = number(next(answers)) or 0, number(next(answers)) or 0
    if not is_described(collateral):
        yield from collateral_described(answers, token)
    yield CollateralRead(token, now, twap, spot)


def _insurance_fund(answer: CallResult, now: Timestamp) -> Iterator[PerpEvent]:
    capacity = signed(answer)
    if capacity is not None:
        yield InsuranceFundRead(now, capacity)
