"""Per block, O(markets + collaterals): what no event tells. One batch, more only while something new must be described."""

from collections.abc import Iterator, Sequence

from keeper.domain.calldata import Encoder, number
from keeper.domain.chain import Call, CallResult, Reads, Timestamp
from keeper.domain.reads import both
from keeper.venues.synthetix_v3.descriptions import describe
from keeper.venues.synthetix_v3.events import SynthetixEvent
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.read_events import CollateralRead, KeeperCostsRead, MarketRead
from keeper.venues.synthetix_v3.state import SNX_USD, SynthetixBook, parameters

_SELL = 2
"""Transaction type of a spot market's price as PerpsCollateralConfiguration.valueInUsd asks for it."""
_DEFAULT_TOLERANCE = 0
_FLAG, _LIQUIDATE = 1, 2
"""KeeperCosts.KIND_…"""
_RUNTIME_KEYS = tuple(int.from_bytes(name.ljust(32, b"\0"), "big") for name in (b"numberOfUpdatedFeeds", b"executionKind", b"", b""))
_PROCESS = "processWithRuntime(bytes32,bytes32[],bytes32[])"
_WORD = 32


def refresh(options: Options, encoder: Encoder, book: SynthetixBook, now: Timestamp) -> Reads[Sequence[SynthetixEvent]]:
    """Everything `health` needs at `now` that no event tells. Answers are valid for the block the calls are pinned to."""
    descriptions, events = yield from both(describe(options, encoder, book), _figures(options, encoder, book, now))
    return [*descriptions, *events]


def _figures(options: Options, encoder: Encoder, book: SynthetixBook, now: Timestamp) -> Reads[list[SynthetixEvent]]:
    params = parameters(book)
    markets = [int(market_id) for market_id, market in book.markets.items() if market.configuration.feed_id]
    synths = [int(collateral_id) for collateral_id in params.collaterals if collateral_id != SNX_USD]
    flags = range(params.max_feeds + 1)
    calls = [encoder.call(options.perps_market, "indexPrice(uint128)", market_id) for market_id in markets]
    calls += [call for collateral_id in synths for call in _collateral_calls(options, encoder, collateral_id)]
    calls += [_cost_call(options, encoder, params.keeper_cost_node, 0, _LIQUIDATE)]
    calls += [_cost_call(options, encoder, params.keeper_cost_node, feeds, _FLAG) for feeds in flags]
    answers = iter((yield calls))
    events: list[SynthetixEvent] = [MarketRead(market_id, now, number(next(answers)) or 0) for market_id in markets]
    events += [CollateralRead(collateral_id, now, *_collateral(answers)) for collateral_id in synths]
    liquidate, flag = number(next(answers)), [number(next(answers)) for _ in flags]
    costs = [cost for cost in flag if cost is not None] if liquidate is not None and None not in flag else []
    return [*events, KeeperCostsRead(now, liquidate or 0, tuple(costs))]


def _collateral_calls(options: Options, encoder: Encoder, collateral_id: int) -> Iterator[Call]:
    yield encoder.call(options.spot_market, "getMarketSkewScale(uint128)", collateral_id)
    yield encoder.call(options.spot_market, "indexPrice(uint128,uint128,uint8)", collateral_id, _SELL, _DEFAULT_TOLERANCE)


def _collateral(answers: Iterator[CallResult]) -> tuple[int, int]:
    """(price, skew scale), 0 where the spot market does not tell; without a skew scale there is no price either."""
    skew_scale, price = number(next(answers)), number(next(answers))
    return (0, 0) if skew_scale is None else (price or 0, skew_scale)


def _cost_call(options: Options, encoder: Encoder, node_id: str, feeds: int, kind: int) -> Call:
    """KeeperCosts._processWithRuntime."""
    keys, values = _RUNTIME_KEYS, (feeds, kind, 0, 0)
    offsets = (3 * _WORD, (4 + len(keys)) * _WORD)
    return encoder.call(options.oracle_manager, _PROCESS, int(node_id or "0x0", 16), *offsets, len(keys), *keys, len(values), *values)
