"""OKX `liquidation-orders` frames: at most one order per contract and second, so quality 'sampled'.

`posSide` is the position's side; in net mode it says "net" and the closing order's `side` tells (sell: a long). `sz` counts contracts,
whose size `okx_instruments` brings. `bkPx` is the bankruptcy price.
Source: okx.com/docs-v5, "Liquidation orders channel"."""

from analytics.sources.source import Output, Shape, Source, has_text

FRAME_COLUMNS = (
    "arg.channel=liquidation-orders",
    "data[].instId",
    "details[].posSide",
    "details[].side",
    "details[].bkPx",
    "details[].sz",
    "details[].ts",
)

PARSE = """
WITH frame AS (SELECT line, TRY_CAST(content AS JSON) AS body FROM raw WHERE trim(content) <> ''),
own AS (SELECT line, unnest(body->'$.data[*]') AS item FROM frame WHERE channel_of(body) = 'liquidation-orders'),
detail AS (SELECT line, item->>'$.instId' AS market, unnest(item->'$.details[*]') AS detail FROM own)
SELECT line, NULL::VARCHAR AS skip, NULL::VARCHAR AS broken, market, detail->>'$.posSide' AS position,
    detail->>'$.side' AS order_side, detail->>'$.sz' AS contracts,
       detail->>'$.bkPx' AS price, detail->>'$.ts' AS time
FROM detail
UNION ALL BY NAME
SELECT line, CASE WHEN body IS NOT NULL THEN 'frame of ' || channel_of(body) END AS skip, CASE WHEN body IS NULL
    THEN 'not JSON' END AS broken
FROM frame WHERE body IS NULL OR channel_of(body) <> 'liquidation-orders'
"""

LIQUIDATIONS = """
WITH read AS (
    SELECT line, broken, market, position, order_side, time, time_of_ms(time) AS exchange_time, decimal_of(contracts) AS contracts,
           decimal_of(price) AS price, instrument_of(market) AS instrument,
           row_number() OVER (PARTITION BY line, market, time, position, contracts, price) AS ordinal
    FROM parsed WHERE skip IS NULL
),
sized AS (
    SELECT read.*, contract_size, CASE WHEN inverse THEN contracts * contract_size / price ELSE contracts * contract_size END AS base,
           CASE WHEN position = 'net' AND order_side = 'sell' OR position = 'long' THEN 'long' ELSE 'short' END AS victim
    FROM read LEFT JOIN market.contracts AS c ON c.venue = 'okx' AND c.market = read.market
)
SELECT line,
       coalesce(
           broken,
           no_instrument(market, instrument),
           CASE WHEN exchange_time IS NULL THEN 'ts is not in Unix milliseconds' END,
           CASE WHEN position IS NULL OR position NOT IN ('long', 'short', 'net') THEN 'posSide is not long, short or net' END,
           CASE WHEN order_side IS NULL OR order_side NOT IN ('buy', 'sell') THEN 'side is neither buy nor sell' END,
           CASE WHEN (victim = 'long') <> (order_side = 'sell') THEN 'side ' || order_side || ' does not close a ' || position END,
           not_positive('size', contracts), not_positive('price', price),
           CASE WHEN contract_size IS NULL THEN 'contract size of ' || market || ' unknown: import okx_instruments first' END
       ) AS reason,
       'okx' AS venue, market, token_of(instrument.base) AS underlying,
       concat_ws(':', time, position, contracts, price, ordinal) AS event_id,
       exchange_time, 'ms' AS time_resolution, victim AS side, base, price AS order_price,
       base * price AS order_notional_usd, base * price AS notional_usd, 'order' AS price_basis, 'book' AS method, 'trader' AS stage,
       'sampled' AS quality
FROM sized
"""

OKX_LIQUIDATIONS = Source(
    kind="okx_liquidations",
    about="OKX liquidation-orders websocket frames (sampled: one per contract and second; needs okx_instruments)",
    shapes=(
        Shape(
            form="frames",
            columns=FRAME_COLUMNS,
            fits=has_text('"liquidation-orders"'),
            parse=PARSE,
            outputs=(Output("liquidations", LIQUIDATIONS),),
        ),
    ),
)
