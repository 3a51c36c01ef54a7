"""What no event tells and never changes: how prices are made, the unit of Pyth's prices, tokens and symbols of collaterals."""

from collections.abc import Collection, Sequence

from keeper.domain.calldata import Encoder, address, number, text
from keeper.domain.chain import Reads
from keeper.domain.reads import both
from keeper.venues.synthetix_v3.events import SynthetixEvent
from keeper.venues.synthetix_v3.node_graph import read_graph
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.read_events import CollateralDescribed
from keeper.venues.synthetix_v3.state import SNX_USD, SynthetixBook, parameters

_SELL_WORD = 1
"""getPriceData: the nodes of the prices to buy and to sell at. Collateral is valued at the latter."""


def describe(options: Options, encoder: Encoder, book: SynthetixBook) -> Reads[Sequence[SynthetixEvent]]:
    """What the book lacks of them; asks nothing where it lacks nothing."""
    params = parameters(book)
    feeds = {market.configuration.feed_id for market in book.markets.values()} | {one.feed_id for one in params.collaterals.values()}
    collateral_ids = [name for name, one in params.collaterals.items() if name != SNX_USD and not one.token]
    graph, collaterals = yield from both(
        read_graph(options, encoder, feeds - {""}, params.nodes, params.exponents.keys()),
        describe_collaterals(options, encoder, collateral_ids),
    )
    return [*graph, *collaterals]


def describe_collaterals(options: Options, encoder: Encoder, collateral_ids: Collection[str]) -> Reads[list[CollateralDescribed]]:
    """Token, symbol and oracle node of each synth; nothing of one the spot market does not know."""
    if not collateral_ids:
        return []
    questions = ("getSynth(uint128)", "getPriceData(uint128)")
    answers = yield [encoder.call(options.spot_market, question, int(name)) for question in questions for name in collateral_ids]
    tokens = {name: address(answer) for name, answer in zip(collateral_ids, answers, strict=False)}
    feeds = {name: number(answer, _SELL_WORD) or 0 for name, answer in zip(collateral_ids, answers[len(tokens) :], strict=True)}
    synths = {name: token for name, token in tokens.items() if token is not None and int(token, 16)}
    if not synths:
        return []
    symbols = yield [encoder.call(token, "symbol()") for token in synths.values()]
    return [
        CollateralDescribed(int(name), token, text(symbol) or f"synth {name}", f"0x{feeds[name]:064x}")
        for (name, token), symbol in zip(synths.items(), symbols, strict=True)
    ]
