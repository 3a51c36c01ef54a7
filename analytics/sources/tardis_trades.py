# ruff: noqa: S608 constants of this file put together
"""Tardis trades CSV (usually gz): exchange, symbol, exchange and local time in microseconds, id, taker side, price, amount.

The unit of `amount` is the exchange's: base tokens, USD (inverse contracts of Bybit) or contracts (Binance COIN-M: 100 USD for BTC,
else 10; OKX: what `okx_instruments` says). Exchanges whose unit is not known here are refused.
Source: docs.tardis.dev, "Downloadable CSV files"."""

from analytics.sources.source import Output, Shape, Source, has_header

COLUMNS = ("exchange", "symbol", "timestamp", "local_timestamp", "id", "side", "price", "amount")

PARSE = """
WITH field AS (SELECT line, string_split(content, ',') AS f FROM raw WHERE line > 1 AND content <> '')
SELECT line, NULL::VARCHAR AS skip, CASE WHEN len(f) <> 8 THEN format('{} fields instead of 8', len(f)) END AS broken,
       f[1] AS exchange, f[2] AS market, f[3] AS time, f[4] AS received, f[5] AS id, f[6] AS side, f[7] AS price, f[8] AS amount
FROM field
"""

EXCHANGES = """
WITH exchange AS (
    SELECT * FROM (VALUES
        ('binance-delivery', 'binance_coinm', 'perpetual', 'coin_m'),
        ('binance-futures', 'binance', 'perpetual', 'base'),
        ('binance', 'binance_spot', 'spot', 'base'),
        ('bybit', 'bybit', 'perpetual', 'bybit'),
        ('bybit-spot', 'bybit_spot', 'spot', 'base'),
        ('okex-swap', 'okx', 'perpetual', 'okx'),
        ('okex', 'okx_spot', 'spot', 'base'),
        ('hyperliquid', 'hyperliquid', 'perpetual', 'coin'),
        ('dydx-v4', 'dydx', 'perpetual', 'base'),
        ('coinbase', 'coinbase', 'spot', 'base'),
        ('gemini', 'gemini', 'spot', 'base'),
        ('kraken', 'kraken_spot', 'spot', 'base'),
        ('bitstamp', 'bitstamp', 'spot', 'base')
    ) AS known(exchange, venue, instrument, unit)
)
"""

REFUSE = (
    EXCHANGES
    + """
SELECT format('amounts of exchange {} are in a unit not known here; known exchanges: {}', parsed.exchange,
    (SELECT string_agg(exchange, ', ') FROM exchange))
FROM parsed LEFT JOIN exchange USING (exchange) WHERE venue IS NULL AND broken IS NULL LIMIT 1
"""
)

TRADES = (
    EXCHANGES
    + """,
market_of AS (
    SELECT exchange, market, e.venue, e.instrument AS class, e.unit, c.contract_size, c.inverse,
           CASE WHEN e.unit = 'coin' THEN {'base': parsed.market, 'quote': 'USD', 'suffix': ''} ELSE instrument_of(parsed.market) END AS i
    FROM (SELECT DISTINCT exchange, market FROM parsed WHERE broken IS NULL) AS parsed JOIN exchange AS e USING (exchange)
    LEFT JOIN market.contracts AS c USING (venue, market)
),
instrument AS (
    SELECT * EXCLUDE (class, i), i.quote AS quote, token_of(i.base) AS underlying, scale_of(i.base) AS scale, no_instrument(market,
        i) AS unknown,
           CASE WHEN class = 'perpetual' AND regexp_matches(i.suffix, '[0-9]') THEN 'future' ELSE class END AS class
    FROM market_of
),
read AS (
    SELECT p.*, i.* EXCLUDE (exchange, market), time_of_us(time) AS exchange_time, time_of_us(received) AS receive_time,
           decimal_of(p.price) AS px, decimal_of(amount) AS quantity
    FROM parsed AS p LEFT JOIN instrument AS i USING (exchange, market)
),
sized AS (
    SELECT *, CASE
        WHEN unit = 'coin_m' THEN quantity * (CASE underlying WHEN 'BTC' THEN 100 ELSE 10 END) / px
        WHEN unit = 'bybit' AND quote = 'USD' OR unit = 'okx' AND inverse THEN quantity * coalesce(contract_size, 1) / px
        WHEN unit = 'okx' THEN quantity * contract_size
        ELSE quantity
    END AS units FROM read
),
stamp AS (
    SELECT CASE WHEN bool_and(epoch_us(time_of_us(time)) % 1000 = 0) THEN 'ms' ELSE 'us' END AS time_resolution FROM parsed
)
SELECT line,
       coalesce(
           broken, unknown,
           CASE WHEN exchange_time IS NULL THEN 'timestamp is not in Unix microseconds' END,
           CASE WHEN side NOT IN ('buy', 'sell', 'unknown') THEN 'side is not buy, sell or unknown: wrong column order?' END,
           not_positive('price', px), not_positive('amount', quantity),
           CASE WHEN unit = 'okx' AND contract_size IS NULL
               THEN 'contract size of ' || market || ' unknown: import okx_instruments first' END
       ) AS reason,
       venue, market, underlying, class AS instrument,
       CASE WHEN id <> '' THEN id ELSE concat_ws(':', time, received, side, px, quantity) END AS trade_id,
       exchange_time, receive_time, time_resolution, side,
       px / scale AS price, units * scale AS base, units * px AS notional_usd, 'exact' AS quality
FROM sized, stamp
"""
)

TARDIS_TRADES = Source(
    kind="tardis_trades",
    about="Tardis trades CSV or csv.gz of Binance (spot, USD-M, COIN-M), Bybit, OKX, Hyperliquid, dYdX, Coinbase, Gemini, Kraken, Bitstamp",
    shapes=(
        Shape(form="csv", columns=COLUMNS, fits=has_header(*COLUMNS), parse=PARSE, outputs=(Output("trades", TRADES),), refuse=REFUSE),
    ),
)
