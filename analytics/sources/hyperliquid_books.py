"""Hyperliquid book recordings: receive time in ns, a space, the message; one coin per file.

Every `l2Book` message is a full book of 20 levels a side, so depth is known only that far. Trades come along.
Source: hyperliquid.gitbook.io, "Websocket subscriptions": l2Book and trades (`side` is the taker's, B buys)."""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from analytics.sources.book_rows import BOOK_OUTPUTS, NOTES, Cadence
from analytics.sources.order_book import Level
from analytics.sources.refusal import Refusal
from analytics.sources.source import Output, Shape, Source, has_text

COLUMNS = ("receive time in ns", "{channel: l2Book | trades, data}")

PARSE = """
WITH stamped AS (
    SELECT line, split_part(content, ' ', 1) AS received, TRY_CAST(substr(content, strpos(content, ' ') + 1) AS JSON) AS body
    FROM raw WHERE trim(content) <> ''
),
trade AS (SELECT line, received, unnest(body->'$.data[*]') AS trade FROM stamped WHERE channel_of(body) = 'trades')
SELECT line, NULL::VARCHAR AS skip, NULL::VARCHAR AS broken, received, trade->>'$.coin' AS coin, trade->>'$.tid' AS trade_id,
    trade->>'$.px' AS price,
       trade->>'$.sz' AS size, trade->>'$.time' AS time, trade->>'$.side' AS side
FROM trade
UNION ALL BY NAME
SELECT line, CASE WHEN body IS NOT NULL THEN 'frame of ' || channel_of(body) END AS skip,
       CASE WHEN body IS NULL THEN 'not a receive time and JSON' END AS broken
FROM stamped WHERE body IS NULL OR channel_of(body) NOT IN ('trades', 'l2Book')
"""

TRADES = """
WITH read AS (
    SELECT *, CASE WHEN regexp_matches(coin, '^k[A-Z]') THEN 1e3 ELSE 1e0 END AS scale, time_of_ms(time) AS exchange_time,
        decimal_of(price) AS px,
           decimal_of(size) AS quantity
    FROM parsed WHERE skip IS NULL
)
SELECT line,
       coalesce(
           broken,
           CASE WHEN coin IS NULL OR trade_id IS NULL THEN 'no coin or trade id' END,
           CASE WHEN exchange_time IS NULL THEN 'time is not in Unix milliseconds' END,
           CASE WHEN side IS NULL OR side NOT IN ('A', 'B') THEN 'side is neither A nor B' END,
           not_positive('price', px), not_positive('size', quantity)
       ) AS reason,
       'hyperliquid' AS venue, coin AS market, CASE WHEN scale > 1 THEN substr(coin, 2) ELSE coin END AS underlying,
           'perpetual' AS instrument, trade_id,
       exchange_time, time_of_us(TRY_CAST(received AS BIGINT) // 1000) AS receive_time, 'ms' AS time_resolution,
       CASE side WHEN 'B' THEN 'buy' ELSE 'sell' END AS side, px / scale AS price, quantity * scale AS base,
           px * quantity AS notional_usd, 'exact' AS quality
FROM read
"""


def rebuild(lines: Iterator[bytes], cadence_ms: int) -> Iterator[pa.RecordBatch]:
    """Ladders of the recording's one coin, each `cadence_ms`. Refusal when it records several coins."""
    cadence = Cadence("hyperliquid", cadence_ms)
    for line in lines:
        stamp, _, text = line.partition(b" ")
        if not stamp.isdigit():
            continue  # a reject row says so already
        yield from cadence.reach(int(stamp))
        if b'"l2Book"' not in text:
            continue
        try:
            book = json.loads(text)["data"]
        except ValueError:
            continue  # a reject row says so already
        if cadence.market not in (None, book["coin"]):
            raise Refusal(f"records several coins ({cadence.market}, {book['coin']}): split it into one file per coin")
        cadence.market = cadence.underlying = book["coin"]
        cadence.book.replace(_levels(book["levels"][0]), _levels(book["levels"][1]))
        cadence.updated(int(stamp), book["time"])
        cadence.ready = True
    yield cadence.rest()


def _levels(levels: list[dict[str, Any]]) -> Iterator[Level]:
    return ((float(level["px"]), float(level["sz"])) for level in levels)


HYPERLIQUID_BOOKS = Source(
    kind="hyperliquid_books",
    about="Hyperliquid book recordings (receive ns, message), e.g. hftbacktest's gz: rebuilt books, depth, trades",
    shapes=(
        Shape("stamped", COLUMNS, has_text('"l2Book"'), PARSE, (*BOOK_OUTPUTS, Output("trades", TRADES)), notes=NOTES, rebuild=rebuild),
    ),
)
