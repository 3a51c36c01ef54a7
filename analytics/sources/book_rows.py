# ruff: noqa: S608 constants of this file put together
"""Ladders at a fixed cadence as rows: the columns of the view `rebuilt`, and from it the market tables."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from analytics.sources.order_book import Ladder, OrderBook, Side
from analytics.sources.source import Output

BANDS_BPS = (10.0, 25.0, 50.0, 100.0, 200.0, 400.0)
STALE_MS = 1000.0
"""A quote older than this is not a quote any more: pooled books take only mutually fresh ones."""
SILENT_MS = 10_000.0
"""After this long without an update the recording has a gap, and a gap is no snapshot."""
_BATCH = 1000

_FLOATS = pa.list_(pa.float64())
SCHEMA = pa.schema(
    [
        ("venue", pa.string()),
        ("market", pa.string()),
        ("underlying", pa.string()),
        ("exchange_us", pa.int64()),
        ("receive_us", pa.int64()),
        ("age_ms", pa.float64()),
        ("lag_ms", pa.float64()),
        ("hole", pa.bool_()),
        ("bid_floor", pa.float64()),
        ("ask_ceiling", pa.float64()),
        ("bid_prices", _FLOATS),
        ("bid_sizes", _FLOATS),
        ("ask_prices", _FLOATS),
        ("ask_sizes", _FLOATS),
        ("bid_base", _FLOATS),
        ("bid_usd", _FLOATS),
        ("ask_base", _FLOATS),
        ("ask_usd", _FLOATS),
    ]
)


@dataclass(slots=True)
class Cadence:
    """Takes a ladder of one book each `cadence_ms` of the recorder's clock. Tell it every line's time before the line is applied."""

    venue: str
    cadence_ms: int
    book: OrderBook = field(default_factory=OrderBook)
    market: str | None = None
    underlying: str | None = None
    ready: bool = False
    """Whether the book is complete; a book with a hole in its updates is not."""
    _updated_ns: int = 0
    _exchange_ms: int = 0
    _next_ns: int = 0
    _rows: list[dict[str, object]] = field(default_factory=list)

    def updated(self, receive_ns: int, exchange_ms: int) -> None:
        """The book was changed by a message with these stamps."""
        self._updated_ns, self._exchange_ms = receive_ns, exchange_ms

    def hole(self) -> None:
        """Updates are missing: the book is not known from here on. Leaves a row that says so and nothing else."""
        self.ready = False
        self._rows.append({"venue": self.venue, "market": self.market, "hole": True})

    def reach(self, receive_ns: int) -> Iterator[pa.RecordBatch]:
        """The recorder's clock is here now: keep the ladders of the ticks passed since."""
        step = self.cadence_ms * 1_000_000
        if self._next_ns == 0:
            self._next_ns = (receive_ns // step + 1) * step
        while self._next_ns <= receive_ns:
            if self.ready and (self._next_ns - self._updated_ns) / 1e6 > SILENT_MS:
                self._next_ns = (receive_ns // step + 1) * step
                break
            self._keep(self._next_ns)
            self._next_ns += step
        if len(self._rows) >= _BATCH:
            yield self.rest()

    def rest(self) -> pa.RecordBatch:
        """The rows kept and not yet given out."""
        rows, self._rows = self._rows, []
        return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)

    def _keep(self, tick_ns: int) -> None:
        ladder = self.book.ladder(BANDS_BPS[-1]) if self.ready else None
        if ladder is None:
            return
        age_ms = (tick_ns - self._updated_ns) / 1e6
        self._rows.append(
            {
                "venue": self.venue,
                "market": self.market,
                "underlying": self.underlying,
                "exchange_us": self._exchange_ms * 1000 + (tick_ns - self._updated_ns) // 1000,
                "receive_us": tick_ns // 1000,
                "age_ms": age_ms,
                "lag_ms": self._updated_ns / 1e6 - self._exchange_ms,
                "bid_floor": ladder.bid_floor,
                "ask_ceiling": ladder.ask_ceiling,
                **_sides(ladder),
            }
        )


def _sides(ladder: Ladder) -> dict[str, object]:
    return {**_side("bid", ladder.bids, ladder.mid), **_side("ask", ladder.asks, ladder.mid)}


def _side(name: str, side: Side, mid: float) -> dict[str, object]:
    bands = [side.within(mid, bps) for bps in BANDS_BPS]
    return {
        f"{name}_prices": side.prices,
        f"{name}_sizes": side.sizes,
        f"{name}_base": [base for base, _ in bands],
        f"{name}_usd": [usd for _, usd in bands],
    }


_FLAGGED = f"""
WITH flagged AS (
    SELECT *, row_number() OVER () AS line, make_timestamp(exchange_us) AS exchange_time, make_timestamp(receive_us) AS receive_time,
           bid_prices[1] AS best_bid, ask_prices[1] AS best_ask, (bid_prices[1] + ask_prices[1]) / 2 AS mid,
           CASE WHEN bid_prices[1] >= ask_prices[1] THEN 'crossed' WHEN age_ms > {STALE_MS} THEN 'stale' END AS flag
    FROM rebuilt WHERE hole IS NULL
)
"""

SNAPSHOT_ROWS = (
    _FLAGGED
    + """
SELECT line, NULL::VARCHAR AS reason, venue, market, underlying, exchange_time, receive_time, 'ms' AS time_resolution, age_ms,
    best_bid, best_ask,
       mid AS mid_price, (best_ask - best_bid) / mid * 1e4 AS spread_bps, bid_floor, ask_ceiling, bid_prices, bid_sizes,
           ask_prices, ask_sizes,
       flag IS NULL AS usable, flag, 'exact' AS quality
FROM flagged
"""
)

DEPTH_ROWS = (
    _FLAGGED
    + f""",
band AS (
    SELECT line, venue, market, underlying, exchange_time, receive_time, flag, 'bid' AS side,
        unnest({list(BANDS_BPS)}::DOUBLE[]) AS band_bps,
           unnest(bid_base) AS base, unnest(bid_usd) AS notional_usd, round((mid - bid_floor) / mid * 1e4, 6) AS covered_bps
    FROM flagged
    UNION ALL
    SELECT line, venue, market, underlying, exchange_time, receive_time, flag, 'ask', unnest({list(BANDS_BPS)}::DOUBLE[]),
           unnest(ask_base), unnest(ask_usd), round((ask_ceiling - mid) / mid * 1e4, 6)
    FROM flagged
)
SELECT line, NULL::VARCHAR AS reason, venue, market, underlying, exchange_time, receive_time, 'ms' AS time_resolution, side,
    band_bps, base, notional_usd,
       flag IS NULL AND band_bps <= covered_bps AS usable,
       coalesce(flag, CASE WHEN band_bps > covered_bps THEN 'beyond recorded levels' END) AS flag, 'exact' AS quality
FROM band
"""
)

BOOK_OUTPUTS = (Output("book_snapshots", SNAPSHOT_ROWS), Output("depth", DEPTH_ROWS))

NOTES = """
SELECT format('the recorder''s clock is {} to {} ms behind the exchange''s: receive times are not comparable between recordings',
              round(-max(lag_ms))::BIGINT, round(-min(lag_ms))::BIGINT) FROM rebuilt HAVING min(lag_ms) < 0
UNION ALL
SELECT format('{} holes in the book updates, each up to the next full book', count(hole)) FROM rebuilt HAVING count(hole) > 0
"""
