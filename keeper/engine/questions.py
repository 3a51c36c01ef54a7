"""Answers to a venue's questions: from the chain, or from what was recorded when the chain was asked."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockRef, Reads, Timestamp
from keeper.domain.data_fee import GAS_PRICE_ORACLE, DataFee
from keeper.domain.plan import LiquidationCall
from keeper.domain.quote import PriceId
from keeper.domain.reads import all_of, both
from keeper.domain.venue import Book, Event, Venue
from keeper.engine.ports import Chain
from keeper.engine.quote_board import QuoteBoard
from keeper.engine.sequencer_uptime import SequencerUptime
from keeper.errors import RpcUnavailable


class Companion(Protocol):
    """What is read of a chain beside a venue's markets, in the same batch."""

    def reads(self) -> Reads[Any]:
        """Asks."""

    def take(self, answer: Any, /) -> None:
        """What it was told."""


class NewestFee:
    """The L1 data fee's prices as last read. `reads` asks for them; None is its answer where the chain has no oracle."""

    def __init__(self, reads: Callable[[], Reads[DataFee | None]]) -> None:
        self.reads = reads
        self.prices: DataFee | None = None

    def take(self, prices: DataFee | None, /) -> None:
        """What was read. None after prices is an endpoint's slip: the last ones stand. Raises RpcUnavailable for None before any."""
        if prices is None and self.prices is None:
            raise RpcUnavailable(
                f'l1_fee = "optimism", but {GAS_PRICE_ORACLE} does not answer as the GasPriceOracle of an OP Stack chain; '
                "remove the key on a chain that charges no L1 data fee"
            )
        self.prices = prices or self.prices

    def of_calldata(self, calldata: bytes) -> int:
        """Wei for a transaction with this calldata; 0 before the first prices."""
        return self.prices.of_calldata(calldata) if self.prices is not None else 0


class ChainQuestions:
    """Asks the chain, pinned to the block's hash; times after the block's own are asked with a block-time override.

    What is to be known of the chain itself is asked in the same batch as a block's market reads: the prices of its L1 data fee
    (`newest_fee`), whether its sequencer is up (`uptime`)."""

    def __init__(
        self,
        chain: Chain,
        newest_fee: NewestFee | None = None,
        quotes: QuoteBoard | None = None,
        uptime: SequencerUptime | None = None,
    ) -> None:
        """`quotes`: where signed prices are kept that come between blocks."""
        self._chain = chain
        self._newest_fee = newest_fee
        self._companions: Sequence[Companion] = [each for each in (newest_fee, uptime) if each is not None]
        self._quotes = quotes or QuoteBoard()

    async def refresh(self, venue: Venue, book: Book, block: BlockRef, at: Timestamp) -> Sequence[Event]:
        """Market reads valid at `at`."""
        if at != block.timestamp:
            return await self._chain.run(venue.refresh(book, at), block, at)
        beside = all_of([companion.reads() for companion in self._companions])
        events, answers = await self._chain.run(both(venue.refresh(book, at), beside), block)
        for companion, answer in zip(self._companions, answers, strict=True):
            companion.take(answer)
        return events

    def data_fee(self) -> DataFee | None:
        """The prices that came with the last block's market reads; None where there is no such fee."""
        return self._newest_fee.prices if self._newest_fee is not None else None

    def market_tip_wei(self) -> int | None:
        """The tip that others pay, as the chain's newest reads tell."""
        return self._chain.market_tip_wei()

    async def inspect(self, venue: Venue, keys: Sequence[AccountKey], book: Book, block: BlockRef, at: Timestamp) -> Sequence[Event]:
        """Account reads valid at `at`."""
        return await self._chain.run(venue.inspect(keys, book, at), block, _override(block, at))

    def quoted(self, venue: Venue, book: Book, at: Timestamp) -> Sequence[Event]:
        """What the newest signed prices mean at `at`."""
        return venue.quoted(self._quotes.newest(venue.quotes(book)), book, at)

    def push(self, venue: Venue, book: Book, price_ids: Sequence[PriceId]) -> Sequence[LiquidationCall]:
        """What puts the newest signed prices of these feeds on the chain."""
        return venue.push(self._quotes.newest(price_ids), book)


class RecordedQuestions:
    """Gives back what one recorded block's questions brought, by source name ("refresh", "forecast", ...)."""

    def __init__(self) -> None:
        self._answers: Mapping[str, Sequence[Event]] = {}
        self._data_fee: DataFee | None = None
        self._market_tip_wei: int | None = None

    def load(self, answers: Mapping[str, Sequence[Event]], data_fee: DataFee | None = None, market_tip_wei: int | None = None) -> None:
        """Put in the answers of the block about to be replayed."""
        self._answers = answers
        self._data_fee = data_fee
        self._market_tip_wei = market_tip_wei

    def data_fee(self) -> DataFee | None:
        """The block's recorded prices."""
        return self._data_fee

    def market_tip_wei(self) -> int | None:
        """The recorded tip of the block."""
        return self._market_tip_wei

    async def refresh(self, venue: Venue, book: Book, block: BlockRef, at: Timestamp) -> Sequence[Event]:
        """Recorded market reads."""
        return self._answers.get("refresh" if at == block.timestamp else "forecast", ())

    async def inspect(self, venue: Venue, keys: Sequence[AccountKey], book: Book, block: BlockRef, at: Timestamp) -> Sequence[Event]:
        """Recorded account reads."""
        return self._answers.get("inspect" if at == block.timestamp else "inspect_forecast", ())

    def quoted(self, venue: Venue, book: Book, at: Timestamp) -> Sequence[Event]:
        """Recorded signed prices."""
        return self._answers.get("quote", ())

    def push(self, venue: Venue, book: Book, price_ids: Sequence[PriceId]) -> Sequence[LiquidationCall]:
        """None: what was signed is not recorded, only what it said."""
        return ()


def _override(block: BlockRef, at: Timestamp) -> Timestamp | None:
    return None if at == block.timestamp else at
