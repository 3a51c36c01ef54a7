"""Signed prices of Pyth: which are wanted, what they mean before they are on the chain, how they get there, and which a revert asks for."""

from collections.abc import Iterator, Mapping, Sequence

from eth_utils.crypto import keccak

from keeper.domain.calldata import Encoder, bytes_array
from keeper.domain.chain import Timestamp
from keeper.domain.plan import CallPurpose, LiquidationCall
from keeper.domain.quote import PriceId, Quote
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.oracle_node import PythSource, price_x18, source_of
from keeper.venues.synthetix_v3.read_events import CollateralQuoted, MarketQuoted
from keeper.venues.synthetix_v3.rules import UPDATE_PRICE_FEEDS
from keeper.venues.synthetix_v3.state import Account, SynthetixBook, parameters, reads_at

_WORD = 32
_IDS = 4 * _WORD
"""Where a query's ids begin, behind kind, tolerance, offset and their number."""
_NO_OLDER_THAN = 1
"""The kind of query PythOffchainLookupNode makes; the other kind asks for the price an order is settled at."""


def price_ids(options: Options, book: SynthetixBook) -> Sequence[PriceId]:
    """Of every market and collateral whose price is Pyth's, each once."""
    return sorted({*market_ids(options, book).values(), *collateral_ids(options, book).values()})


def quoted(options: Options, quotes: Sequence[Quote], book: SynthetixBook, at: Timestamp) -> Iterator[MarketQuoted | CollateralQuoted]:
    """Prices newer than what Pyth has stored, of the markets and collaterals they are of."""
    newer = {quote.price_id: quote for quote in quotes if _is_newer(quote, book)}
    for market_id, price_id in market_ids(options, book).items():
        if price_id in newer:
            yield MarketQuoted(int(market_id), at, _price(newer[price_id]), price_id)
    for collateral_id, price_id in collateral_ids(options, book).items():
        if price_id in newer:
            yield CollateralQuoted(int(collateral_id), at, _price(newer[price_id]), price_id)


def relied_on(account: Account, book: SynthetixBook, now: Timestamp) -> tuple[PriceId, ...]:
    """The signed prices in what the book says of the account at `now`: a plan must bring them to the chain."""
    reads = reads_at(book, now)
    markets = (reads.markets[name].price_id for name in account.positions if name in reads.markets)
    collaterals = (reads.collaterals[name].price_id for name in account.collateral if name in reads.collaterals)
    return tuple(sorted({PriceId(price_id) for price_id in (*markets, *collaterals) if price_id}))


def push(options: Options, encoder: Encoder, quotes: Sequence[Quote]) -> Sequence[LiquidationCall]:
    """One update for all, with the sum of their fees."""
    if not quotes:
        return ()
    data = encoder.data(UPDATE_PRICE_FEEDS) + bytes_array([quote.payload for quote in quotes])
    fee = sum(quote.fee_raw for quote in quotes)
    return (LiquidationCall(options.pyth, data, CallPurpose.UPDATE_PRICES, value_wei=fee),)


class QuoteRequests:
    """Reads reverts that ask for signed prices (ERC-7412), also where the oracle manager gathered several."""

    def __init__(self) -> None:
        self._required = keccak(text="OracleDataRequired(address,bytes)")[:4]
        self._several = keccak(text="Errors(bytes[])")[:4]

    def __call__(self, data: bytes) -> Sequence[PriceId]:
        """The price ids, in the order they are asked for; none where it is another revert, or asks for an order's price."""
        selector, body = data[:4], data[4:]
        if selector == self._several:
            items = body[_number(body, 0) + _WORD :]
            count = min(_number(body, _number(body, 0)), len(items) // _WORD)
            errors = (_bytes(items, _number(items, index * _WORD)) for index in range(count))
            return tuple(dict.fromkeys(price_id for error in errors for price_id in self(error)))
        return tuple(_ids_of(_bytes(body, _number(body, _WORD)))) if selector == self._required else ()


def market_ids(options: Options, book: SynthetixBook) -> Mapping[str, PriceId]:
    """Pyth's price id by market."""
    feeds = {market_id: market.configuration.feed_id for market_id, market in book.markets.items()}
    return _pyth_ids(options, book, feeds)


def collateral_ids(options: Options, book: SynthetixBook) -> Mapping[str, PriceId]:
    """Pyth's price id by collateral."""
    feeds = {collateral_id: one.feed_id for collateral_id, one in parameters(book).collaterals.items()}
    return _pyth_ids(options, book, feeds)


def _pyth_ids(options: Options, book: SynthetixBook, feeds: Mapping[str, str]) -> Mapping[str, PriceId]:
    sources = {name: source_of(feed_id, parameters(book).nodes) for name, feed_id in feeds.items()}
    return {
        name: PriceId(source.price_id) for name, source in sources.items() if isinstance(source, PythSource) and source.pyth == options.pyth
    }


def _is_newer(quote: Quote, book: SynthetixBook) -> bool:
    newest = book.prices.get(quote.price_id)
    return newest is None or quote.publish_time > newest.publish_time


def _price(quote: Quote) -> int:
    """Pyth has one price: low and high are the same."""
    return price_x18(quote.low_raw, quote.exponent)


def _ids_of(query: bytes) -> Iterator[PriceId]:
    """(uint8 kind, uint64 staleness tolerance, bytes32[] ids)."""
    ids = query[_IDS:]
    if _number(query, 0) == _NO_OLDER_THAN and len(ids) == _number(query, _IDS - _WORD) * _WORD:
        for start in range(0, len(ids), _WORD):
            yield PriceId("0x" + ids[start : start + _WORD].hex())


def _bytes(body: bytes, offset: int) -> bytes:
    return body[offset + _WORD : offset + _WORD + _number(body, offset)]


def _number(body: bytes, offset: int) -> int:
    return int.from_bytes(body[offset : offset + _WORD], "big")
