"""dYdX v4 `v4_trades` frames: all trades; those of type LIQUIDATED are liquidations, DELEVERAGED ones automatic deleveraging.

`side` is the taker's; the taker of a LIQUIDATED trade is the victim's closing order (SELL: a long), of a DELEVERAGED one the
deleveraged victim. The price is the fill.
Source: docs.dydx.xyz, indexer websocket "Trades"; the indexer's TradeType."""

from analytics.sources.source import Output, Shape, Source, has_text

FRAME_COLUMNS = ("channel=v4_trades", "id", "contents.trades[].id", "side", "size", "price", "type", "createdAt")

PARSE = """
WITH frame AS (SELECT line, TRY_CAST(content AS JSON) AS body FROM raw WHERE trim(content) <> ''),
own AS (
    SELECT line, body->>'$.id' AS market,
           unnest(list_concat(body->'$.contents.trades[*]', body->'$.contents[*].trades[*]')) AS trade
    FROM frame WHERE channel_of(body) = 'v4_trades'
)
SELECT line, NULL::VARCHAR AS skip, NULL::VARCHAR AS broken, market, trade->>'$.id' AS trade_id, trade->>'$.side' AS side,
    trade->>'$.size' AS size, trade->>'$.price' AS price,
       trade->>'$.type' AS type, trade->>'$.createdAt' AS time, trade->>'$.createdAtHeight' AS height
FROM own
UNION ALL BY NAME
SELECT line, CASE WHEN body IS NOT NULL THEN 'frame of ' || channel_of(body) END AS skip, CASE WHEN body IS NULL
    THEN 'not JSON' END AS broken
FROM frame WHERE body IS NULL OR channel_of(body) <> 'v4_trades'
"""

READ = """
WITH read AS (
    SELECT line, market, trade_id, side AS taker, type, TRY_CAST(height AS BIGINT) AS block_number, instrument_of(market) AS instrument,
           time_of_text(time) AS exchange_time, decimal_of(size) AS size, decimal_of(price) AS price,
           coalesce(
               broken,
               no_instrument(market, instrument_of(market)),
               CASE WHEN trade_id IS NULL THEN 'no trade id' END,
               CASE WHEN NOT has_offset(time) THEN 'createdAt has no UTC offset: mixed time zones' END,
               CASE WHEN time_of_text(time) IS NULL THEN 'createdAt is not a time' END,
               CASE WHEN side IS NULL OR side NOT IN ('BUY', 'SELL') THEN 'side is neither BUY nor SELL' END,
               not_positive('size', decimal_of(size)), not_positive('price', decimal_of(price))
           ) AS reason
    FROM parsed WHERE skip IS NULL
)
"""

TRADES = (
    READ
    + """
SELECT line, reason, 'dydx' AS venue, market, token_of(instrument.base) AS underlying, 'perpetual' AS instrument, trade_id, exchange_time,
       'ms' AS time_resolution, lower(taker) AS side, price, size AS base, price * size AS notional_usd, 'exact' AS quality
FROM read
"""
)

LIQUIDATIONS = (
    READ
    + """
SELECT line, reason, 'dydx' AS venue, market, token_of(instrument.base) AS underlying, trade_id AS event_id, exchange_time,
    'ms' AS time_resolution,
       block_number, CASE taker WHEN 'SELL' THEN 'long' ELSE 'short' END AS side, size AS base, price AS fill_price,
       price * size AS fill_notional_usd, price * size AS notional_usd, 'fill' AS price_basis,
       CASE type WHEN 'LIQUIDATED' THEN 'book' ELSE 'adl' END AS method, 'trader' AS stage, 'exact' AS quality
FROM read WHERE reason IS NULL AND type IN ('LIQUIDATED', 'DELEVERAGED')
"""
)

DYDX_TRADES = Source(
    kind="dydx_trades",
    about="dYdX v4_trades websocket frames: trades, and liquidations among them",
    shapes=(
        Shape(
            form="frames",
            columns=FRAME_COLUMNS,
            fits=has_text('"v4_trades"'),
            parse=PARSE,
            outputs=(Output("trades", TRADES), Output("liquidations", LIQUIDATIONS)),
        ),
    ),
)
