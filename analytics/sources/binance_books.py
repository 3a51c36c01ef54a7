"""Binance USD-M book recordings: receive time in ns, a space, the message; one symbol per file.

Full books (`lastUpdateId`) and `depthUpdate` messages are rebuilt as Binance says: drop updates before the full book, then each
update's `pu` must be the one before's `u`; a hole ends the book until the next full one. Trades come along; best-quote messages add
nothing and are left out.
Source: developers.binance.com, USD-M futures, "How to manage a local order book correctly"."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from analytics.sources.book_rows import BOOK_OUTPUTS, NOTES, Cadence
from analytics.sources.order_book import Level
from analytics.sources.refusal import Refusal
from analytics.sources.source import Output, Shape, Source, has_text

COLUMNS = ("receive time in ns", "{stream, data: depthUpdate | trade | bookTicker} or {lastUpdateId, bids, asks}")

PARSE = """
WITH stamped AS (
    SELECT line, split_part(content, ' ', 1) AS received, substr(content, strpos(content, ' ') + 1) AS message,
           regexp_extract(content, '"e":"([A-Za-z]+)"', 1) AS event
    FROM raw WHERE trim(content) <> ''
),
body AS (SELECT line, received, event, TRY_CAST(message AS JSON) AS body FROM stamped)
SELECT line, CASE WHEN event NOT IN ('trade', 'depthUpdate', '') THEN event || ' message' END AS skip,
       CASE WHEN body IS NULL THEN 'not a receive time and JSON' END AS broken, event, received, body->>'$.data.s' AS market,
           body->>'$.data.t' AS trade_id,
       body->>'$.data.p' AS price, body->>'$.data.q' AS size, body->>'$.data.T' AS time, body->>'$.data.m' AS buyer_is_maker
FROM body WHERE body IS NULL OR event = 'trade' OR event NOT IN ('depthUpdate', '')
"""

TRADES = """
WITH read AS (
    SELECT *, binance_instrument_of(market) AS i, time_of_ms(time) AS exchange_time, decimal_of(price) AS px, decimal_of(size) AS quantity
    FROM parsed WHERE skip IS NULL
)
SELECT line,
       coalesce(
           broken, no_instrument(market, i),
           CASE WHEN exchange_time IS NULL THEN 'T is not in Unix milliseconds' END,
           CASE WHEN buyer_is_maker IS NULL OR trade_id IS NULL THEN 'no trade id or maker side' END,
           not_positive('price', px), not_positive('size', quantity)
       ) AS reason,
       'binance' AS venue, market, token_of(i.base) AS underlying, CASE i.suffix WHEN ''
           THEN 'perpetual' ELSE 'future' END AS instrument, trade_id,
       exchange_time, time_of_us(TRY_CAST(received AS BIGINT) // 1000) AS receive_time, 'ms' AS time_resolution,
       CASE buyer_is_maker WHEN 'true' THEN 'sell' ELSE 'buy' END AS side, px / scale_of(i.base) AS price,
           quantity * scale_of(i.base) AS base,
       px * quantity AS notional_usd, 'exact' AS quality
FROM read
"""


@dataclass(slots=True)
class _Updates:
    """The chain of updates: which one may be applied next."""

    cadence: Cadence
    full_id: int = 0
    last: int | None = None
    pending: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def full(self, receive_ns: int, message: dict[str, Any]) -> None:
        """A full book, then the updates that arrived while it was asked for."""
        self.cadence.book.replace(_levels(message["bids"]), _levels(message["asks"]))
        self.cadence.updated(receive_ns, message["T"])
        self.cadence.ready, self.full_id, self.last = True, message["lastUpdateId"], None
        waiting, self.pending = self.pending, []
        for _, update in waiting:
            self.change(receive_ns, update)

    def change(self, receive_ns: int, update: dict[str, Any]) -> None:
        """One update: waits for a full book, is part of it already, follows the one before, or leaves a hole."""
        if not self.cadence.ready:
            self.pending.append((receive_ns, update))
        elif self.last is None and update["u"] < self.full_id:
            return
        elif update["pu"] <= self.full_id if self.last is None else update["pu"] == self.last:
            self.cadence.book.update(_levels(update["b"]), _levels(update["a"]))
            self.cadence.updated(receive_ns, update["T"])
            self.last = update["u"]
        else:
            self.cadence.hole()
            self.pending = [(receive_ns, update)]


def rebuild(lines: Iterator[bytes], cadence_ms: int) -> Iterator[pa.RecordBatch]:
    """Ladders of the recording's one symbol, each `cadence_ms`. Refusal when it records several symbols."""
    cadence = Cadence("binance", cadence_ms)
    updates = _Updates(cadence)
    for line in lines:
        stamp, _, text = line.partition(b" ")
        if not stamp.isdigit():
            continue  # a reject row says so already
        receive_ns = int(stamp)
        yield from cadence.reach(receive_ns)
        is_full = b'"lastUpdateId"' in text
        if not is_full and b'"depthUpdate"' not in text:
            continue
        try:
            message = json.loads(text)
        except ValueError:
            continue  # a reject row says so already
        if is_full:
            updates.full(receive_ns, message)
            continue
        update = message["data"]
        _one_symbol(cadence, update["s"])
        updates.change(receive_ns, update)
    yield cadence.rest()


def _one_symbol(cadence: Cadence, symbol: str) -> None:
    if cadence.market not in (None, symbol):
        raise Refusal(f"records several symbols ({cadence.market}, {symbol}): split it into one file per symbol")
    cadence.market = symbol
    cadence.underlying = symbol.removesuffix("USDT").removesuffix("USDC")


def _levels(levels: list[list[str]]) -> Iterator[Level]:
    return ((float(price), float(size)) for price, size in levels)


BINANCE_BOOKS = Source(
    kind="binance_books",
    about="Binance USD-M book recordings (receive ns, message), e.g. hftbacktest's gz: rebuilt books, depth, trades",
    shapes=(
        Shape(
            "stamped", COLUMNS, has_text('"depthUpdate"'), PARSE, (*BOOK_OUTPUTS, Output("trades", TRADES)), notes=NOTES, rebuild=rebuild
        ),
    ),
)
