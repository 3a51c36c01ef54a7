"""Binance USD-M forced orders: the headerless recording of them, and the websocket frames `forceOrder`.

`S` is the side of the closing order: SELL closes a long. `p` is the limit the engine sends at (near bankruptcy), `ap` the average fill.
Binance pushes only the latest order per symbol and 1,000 ms, so counts and sums are a lower bound: quality 'sampled'.
Source: developers.binance.com, USD-M futures, "Liquidation Order Streams"."""

from analytics.sources.source import Output, Sample, Shape, Source, has_text

COLUMNS = (
    "symbol",
    "side",
    "order_type",
    "time_in_force",
    "original_quantity",
    "price",
    "average_price",
    "status",
    "last_filled",
    "filled",
    "trade_time",
    "usd",
)
FRAME_COLUMNS = ("e=forceOrder", "o.s", "o.S", "o.p", "o.ap", "o.z", "o.T")

# The recording strips the quote "USDT" from symbols: BTC is BTCUSDT and BTC_251226 is BTCUSDT_251226. Others are left whole.
# A row more than a day from both its neighbours belongs to another recording: the file has such a row in front.
PARSE_RECORDING = """
WITH field AS (SELECT line, string_split(content, ',') AS f FROM raw WHERE trim(content) <> ''),
named AS (
    SELECT line, NULL::VARCHAR AS skip, CASE WHEN len(f) <> 12 THEN format('{} fields instead of 12', len(f)) END AS broken,
           CASE WHEN regexp_matches(f[1], '^(.+(USDT|USDC|BUSD|FDUSD)|ETHBTC)(_|$)') THEN f[1]
                ELSE regexp_replace(f[1], '^([^_]+)', '\\1USDT') END AS market,
           f[2] AS side, f[5] AS quantity, f[6] AS price, f[7] AS average_price, f[10] AS filled, f[11] AS trade_time,
           decimal_of(f[12]) AS usd
    FROM field
),
stepped AS (
    SELECT *, abs(epoch(time_of_ms(trade_time)) - epoch(lag(time_of_ms(trade_time)) OVER (ORDER BY line))) AS before,
           abs(epoch(lead(time_of_ms(trade_time)) OVER (ORDER BY line)) - epoch(time_of_ms(trade_time))) AS after
    FROM named
)
SELECT * EXCLUDE (broken, usd, before, after), coalesce(
    broken,
    CASE WHEN usd IS NULL OR abs(usd - decimal_of(price) * decimal_of(filled)) > 1e-6 * abs(usd)
         THEN 'usd is not price x filled quantity: wrong column order?' END,
    CASE WHEN least(before, after) > 86400 THEN format('stray row, {} days from the rest of the recording', (least(before,
        after) // 86400)::BIGINT) END
) AS broken
FROM stepped
"""

PARSE_FRAMES = """
WITH frame AS (SELECT line, TRY_CAST(content AS JSON) AS body FROM raw WHERE trim(content) <> ''),
orders AS (
    SELECT line, body, coalesce(body->'$.data.o', body->'$.o') AS o, body IS NOT NULL AND channel_of(body) <> 'forceOrder' AS other
        FROM frame
)
SELECT line, CASE WHEN other THEN 'frame of ' || channel_of(body) END AS skip,
       o->>'$.s' AS market, o->>'$.S' AS side, o->>'$.q' AS quantity, o->>'$.p' AS price, o->>'$.ap' AS average_price,
       o->>'$.z' AS filled, o->>'$.T' AS trade_time, CASE WHEN body IS NULL THEN 'not JSON' END AS broken
FROM orders
"""

# ETHBTC is quoted in BTC: such an event counts, but its USD figures are null.
LIQUIDATIONS = """
WITH read AS (
    SELECT line, broken, market, binance_instrument_of(market) AS instrument, side AS order_side,
        time_of_ms(trade_time) AS exchange_time, trade_time,
           CASE WHEN is_dollar(binance_instrument_of(market).quote) THEN 1 END AS usd,
           decimal_of(quantity) AS quantity, decimal_of(price) AS price, decimal_of(average_price) AS average, decimal_of(filled) AS filled
    FROM parsed WHERE skip IS NULL
)
SELECT line,
       coalesce(
           broken,
           no_quote(market, instrument),
           CASE WHEN exchange_time IS NULL THEN 'trade time is not in Unix milliseconds' END,
           CASE WHEN order_side IS NULL OR order_side NOT IN ('BUY', 'SELL') THEN 'side is neither BUY nor SELL' END,
           not_positive('filled quantity', filled), not_positive('price', price), not_positive('average price', average),
           CASE WHEN is_far(average, price) THEN 'average price is far from the order price: wrong column order?' END
       ) AS reason,
       'binance' AS venue, market, token_of(instrument.base) AS underlying,
       concat_ws(':', trade_time, order_side, quantity, filled, price) AS event_id,
       exchange_time, 'ms' AS time_resolution,
       CASE order_side WHEN 'SELL' THEN 'long' ELSE 'short' END AS side,
       filled * scale_of(instrument.base) AS base,
       usd * price / scale_of(instrument.base) AS order_price, usd * average / scale_of(instrument.base) AS fill_price,
       usd * price * filled AS order_notional_usd, usd * average * filled AS fill_notional_usd, usd * price * filled AS notional_usd,
       'order' AS price_basis,
       'book' AS method, 'trader' AS stage, 'sampled' AS quality
FROM read
"""


def _is_recording(sample: Sample) -> bool:
    field = sample.lines[0].split(",")
    return len(field) == len(COLUMNS) and field[1] in ("BUY", "SELL") and field[7].isupper()


NOTES = """
SELECT format('{} orders quoted in BTC are counted without a USD notional', count(*)) FROM parsed
WHERE skip IS NULL AND binance_instrument_of(market).quote = 'BTC' HAVING count(*) > 0
"""

_OUTPUTS = (Output("liquidations", LIQUIDATIONS),)

BINANCE_FORCE_ORDERS = Source(
    kind="binance_force_orders",
    about="Binance USD-M forced orders: headerless CSV recording or websocket frames (sampled: one per symbol and second)",
    shapes=(
        Shape(form="csv", columns=COLUMNS, fits=_is_recording, parse=PARSE_RECORDING, outputs=_OUTPUTS, notes=NOTES),
        Shape(form="frames", columns=FRAME_COLUMNS, fits=has_text("forceOrder"), parse=PARSE_FRAMES, outputs=_OUTPUTS, notes=NOTES),
    ),
)
