"""Names and decimals, which no event tells."""

from collections.abc import Iterator, Sequence

from keeper.domain.calldata import Encoder, number, text
from keeper.domain.chain import Call, CallResult, Reads
from keeper.domain.venue import Event
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.read_events import CollateralDescribed, MarketNamed
from keeper.venues.perp_v2.state import PARAMETERS, Collateral, PerpBook


def describe(options: Options, encoder: Encoder, book: PerpBook) -> Reads[Sequence[Event]]:
    """What the book lacks of them, in one batch; none where it lacks nothing."""
    known = book.globals.get(PARAMETERS)
    markets = [base_token for base_token, market in book.markets.items() if not market.name]
    tokens = [token for token, collateral in (known.collaterals if known else {}).items() if not is_described(collateral)]
    if not markets and not tokens:
        return []
    calls = [market_call(encoder, base_token) for base_token in markets]
    calls += [call for token in tokens for call in collateral_calls(options, encoder, token)]
    answers = iter((yield calls))
    names: list[Event] = [market_named(next(answers), base_token) for base_token in markets]
    return [*names, *(event for token in tokens for event in collateral_described(answers, token))]


def market_call(encoder: Encoder, base_token: str) -> Call:
    """What a market's name is read from."""
    return encoder.call(base_token, "symbol()")


def market_named(answer: CallResult, base_token: str) -> MarketNamed:
    """Base tokens are called vETH, vBTC...; people say ETH."""
    symbol = text(answer)
    return MarketNamed(base_token, symbol.removeprefix("v") if symbol else base_token)


def is_described(collateral: Collateral) -> bool:
    """Whether its decimals and its feed's are known."""
    return collateral.decimals is not None and collateral.feed_decimals is not None


def collateral_calls(options: Options, encoder: Encoder, token: str) -> Iterator[Call]:
    """Symbol, decimals, and the decimals of its price feed."""
    yield encoder.call(token, "symbol()")
    yield encoder.call(token, "decimals()")
    yield encoder.call(options.collateral_manager, "getPriceFeedDecimals(address)", token)


def collateral_described(answers: Iterator[CallResult], token: str) -> Iterator[CollateralDescribed]:
    """Out of the answers to `collateral_calls`; nothing while a contract does not tell."""
    name, decimals, feed_decimals = text(next(answers)), number(next(answers)), number(next(answers))
    if decimals is not None and feed_decimals is not None:
        yield CollateralDescribed(token, name or token, decimals, feed_decimals)
