"""The cross-venue hourly data set of finm33150: candles, funding, open interest, Hyperliquid's daily liquidation totals, depth totals.

Known dirt. Funding rates are per settlement; its notes call Hyperliquid's and Lighter's 8-hour rates, but their 1.25e-5 and 1.2e-5 caps
are the hourly ones, so the period is read from the settlement gaps like everywhere. OKX volumes count contracts. Sides of liquidation
totals do not add up to the total (up to 27 % missing): the rest is `unattributed_usd`. A coin absent on a day is not zero. Depth totals
carry no time: refused.
Source: 0xknxwledge/group-m-finm33150-final, data/*.parquet (Unlicense)."""

from analytics.sources.source import Output, Shape, Source, has_header

_NAMED = ("timestamp", "venue", "coin")
CANDLES = (*_NAMED, "o", "h", "l", "c", "v")
FUNDING = (*_NAMED, "funding_rate")
OPEN_INTEREST = (*_NAMED, "oi_usd")
LIQUIDATIONS = ("timestamp", "coin", "total_usd", "long_usd", "short_usd", "liq_count")
DEPTH = ("coin", "venue", "bid_depth_usd", "mid_price")

# The set names coins; a market is what the venue calls the contract it was fetched from.
PARSE = """
SELECT * EXCLUDE (content, timestamp), NULL::VARCHAR AS skip, make_timestamp(epoch_us(timestamp)) AS exchange_time,
       CASE WHEN epoch_us(timestamp) % 3600000000 = 0 THEN 'hour' WHEN epoch_us(timestamp) % 1000 = 0
           THEN 'ms' ELSE 'us' END AS time_resolution,
       CASE venue
           WHEN 'binance' THEN coin || 'USDT'
           WHEN 'bybit' THEN coin || 'USDT'
           WHEN 'okx' THEN coin || '-USDT-SWAP'
           WHEN 'dydx' THEN coin || '-USD'
           WHEN 'kraken' THEN 'PF_' || replace(coin, 'BTC', 'XBT') || 'USD'
           WHEN 'hyperliquid' THEN coin
           WHEN 'lighter' THEN coin
       END AS market,
       CASE WHEN market IS NULL THEN 'unknown venue ' || coalesce(venue, 'null') WHEN exchange_time IS NULL THEN 'no time' END AS broken
FROM raw
"""
PARSE_LIQUIDATIONS = """
SELECT * EXCLUDE (content, timestamp), NULL::VARCHAR AS skip, make_timestamp(epoch_us(timestamp)) AS exchange_time, coin AS market,
       CASE WHEN coin IS NULL THEN 'no coin' WHEN exchange_time IS NULL THEN 'no time' END AS broken
FROM raw
"""
PARSE_DEPTH = "SELECT line, NULL::VARCHAR AS skip FROM raw"

CANDLE_ROWS = """
SELECT p.line,
       coalesce(
           broken,
           not_positive('open', decimal_of(o)), not_positive('high', decimal_of(h)), not_positive('low', decimal_of(l)),
               not_positive('close', decimal_of(c)),
           CASE WHEN greatest(o, l, c) > h OR least(o, c) < l THEN 'prices are outside of low and high: wrong column order?' END,
           CASE WHEN v < 0 THEN 'volume is negative: ' || v END
       ) AS reason,
       p.venue, p.market, coin AS underlying, exchange_time, 3600 AS interval_seconds, time_resolution, o AS open, h AS high,
           l AS low, c AS close,
       CASE WHEN p.venue <> 'okx' THEN decimal_of(v) WHEN k.inverse THEN v * contract_size / c ELSE v * contract_size END AS volume_base,
       'exact' AS quality
FROM parsed AS p LEFT JOIN market.contracts AS k USING (venue, market)
"""

FUNDING_ROWS = """
WITH gap AS (
    SELECT *, round(least(epoch(exchange_time) - epoch(lag(exchange_time) OVER w), epoch(lead(exchange_time)
        OVER w) - epoch(exchange_time)) / 3600) AS hours
    FROM parsed WINDOW w AS (PARTITION BY venue, coin ORDER BY exchange_time)
)
SELECT line,
       coalesce(
           broken,
           CASE WHEN decimal_of(funding_rate) IS NULL THEN 'rate is not a number' END,
           CASE WHEN abs(funding_rate) > 0.1 THEN 'a rate of ' || funding_rate || ' is no fraction per period' END
       ) AS reason,
       venue, market, coin AS underlying, exchange_time, time_resolution, funding_rate AS rate, nullif(hours, 0) AS period_hours,
       funding_rate * 8 / nullif(hours, 0) AS rate_8h, 'exact' AS quality
FROM gap
"""

OPEN_INTEREST_ROWS = """
SELECT line, coalesce(broken, not_positive('open interest in USD', decimal_of(oi_usd))) AS reason, venue, market,
    coin AS underlying, exchange_time,
       time_resolution, oi_usd AS notional_usd, 'exact' AS quality
FROM parsed
"""

LIQUIDATION_ROWS = """
SELECT line,
       coalesce(
           broken,
           CASE WHEN least(total_usd, long_usd, short_usd, liq_count) < 0 THEN 'a figure is negative' END,
           CASE WHEN (long_usd + short_usd) > total_usd * (1 + 1e-9) THEN 'the sides are more than the total: wrong column order?' END
       ) AS reason,
       'hyperliquid' AS venue, market, coin AS underlying, exchange_time, 86400 AS period_seconds, 'day' AS time_resolution,
           long_usd, short_usd,
       greatest(total_usd - long_usd - short_usd, 0) AS unattributed_usd, total_usd, liq_count AS events, 'exact' AS quality
FROM parsed
"""

NO_TIME = "SELECT 'depth totals carry no time, so they cannot be placed beside anything'"

OKX_NOTE = """
SELECT format('volume of {} OKX candles left out: contract size unknown, import okx_instruments first', count(*))
FROM parsed AS p ANTI JOIN market.contracts USING (venue, market) WHERE p.venue = 'okx' HAVING count(*) > 0
"""
RAGGED_NOTE = "SELECT 'daily totals: a coin absent on a day is not zero; the sides do not add up to the total'"

FINM33150 = Source(
    kind="finm33150",
    about="hourly Parquet of seven venues: candles, funding_rates, open_interest, liquidation_volume (daily totals)",
    shapes=(
        Shape("parquet", CANDLES, has_header(*CANDLES), PARSE, (Output("candles", CANDLE_ROWS),), notes=OKX_NOTE),
        Shape("parquet", FUNDING, has_header(*FUNDING), PARSE, (Output("funding", FUNDING_ROWS),)),
        Shape("parquet", OPEN_INTEREST, has_header(*OPEN_INTEREST), PARSE, (Output("open_interest", OPEN_INTEREST_ROWS),)),
        Shape(
            "parquet",
            LIQUIDATIONS,
            has_header(*LIQUIDATIONS),
            PARSE_LIQUIDATIONS,
            (Output("liquidation_totals", LIQUIDATION_ROWS),),
            notes=RAGGED_NOTE,
        ),
        Shape("parquet", DEPTH, has_header(*DEPTH), PARSE_DEPTH, (), refuse=NO_TIME),
    ),
)
