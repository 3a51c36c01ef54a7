"""Bybit `allLiquidation` frames: every liquidation, pushed each 500 ms.

`S` is the side of the position (Buy: a long was liquidated), `v` its size, `p` the bankruptcy price; the fill price is not published.
Linear contracts count base tokens, inverse ones USD. Source: bybit-exchange.github.io, v5 websocket, public "All Liquidation"."""

from analytics.sources.source import Output, Shape, Source, has_text

FRAME_COLUMNS = ("topic=allLiquidation.*", "ts", "data[].T", "data[].s", "data[].S", "data[].v", "data[].p")

PARSE = """
WITH frame AS (SELECT line, TRY_CAST(content AS JSON) AS body FROM raw WHERE trim(content) <> ''),
own AS (SELECT line, unnest(body->'$.data[*]') AS item FROM frame WHERE channel_of(body) = 'allLiquidation')
SELECT line, NULL::VARCHAR AS skip, NULL::VARCHAR AS broken, item->>'$.T' AS time, item->>'$.s' AS market,
    item->>'$.S' AS position, item->>'$.v' AS size,
       item->>'$.p' AS price
FROM own
UNION ALL BY NAME
SELECT line, CASE WHEN body IS NOT NULL THEN 'frame of ' || channel_of(body) END AS skip, CASE WHEN body IS NULL
    THEN 'not JSON' END AS broken
FROM frame WHERE body IS NULL OR channel_of(body) <> 'allLiquidation'
"""

# Two equal items in one frame are two liquidations; the same frame twice is one. Hence the ordinal within a frame in the id.
LIQUIDATIONS = """
WITH read AS (
    SELECT line, broken, market, position, time, time_of_ms(time) AS exchange_time, decimal_of(size) AS size, decimal_of(price) AS price,
           regexp_matches(market, 'PERP$') AS is_usdc,
           instrument_of(regexp_replace(market, 'PERP$', 'USDC')) AS instrument,
           row_number() OVER (PARTITION BY line, market, time, position, size, price) AS ordinal
    FROM parsed WHERE skip IS NULL
),
sized AS (
    SELECT *, CASE WHEN instrument.quote = 'USD' THEN size / price ELSE size END AS contracts_base,
           CASE WHEN instrument.quote = 'USD' THEN size ELSE size * price END AS usd
    FROM read
)
SELECT line,
       coalesce(
           broken,
           no_instrument(market, instrument),
           CASE WHEN exchange_time IS NULL THEN 'T is not in Unix milliseconds' END,
           CASE WHEN position IS NULL OR position NOT IN ('Buy', 'Sell') THEN 'S is neither Buy nor Sell' END,
           not_positive('size', size), not_positive('price', price)
       ) AS reason,
       'bybit' AS venue, market, token_of(instrument.base) AS underlying,
       concat_ws(':', time, position, size, price, ordinal) AS event_id,
       exchange_time, 'ms' AS time_resolution,
       CASE position WHEN 'Buy' THEN 'long' ELSE 'short' END AS side,
       contracts_base * scale_of(instrument.base) AS base, price / scale_of(instrument.base) AS order_price,
       usd AS order_notional_usd, usd AS notional_usd, 'order' AS price_basis, 'book' AS method, 'trader' AS stage, 'exact' AS quality
FROM sized
"""

BYBIT_LIQUIDATIONS = Source(
    kind="bybit_liquidations",
    about="Bybit allLiquidation websocket frames (price is the bankruptcy price)",
    shapes=(
        Shape(
            form="frames",
            columns=FRAME_COLUMNS,
            fits=has_text('"allLiquidation.'),
            parse=PARSE,
            outputs=(Output("liquidations", LIQUIDATIONS),),
        ),
    ),
)
