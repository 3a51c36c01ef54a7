# ruff: noqa: S608 constants of this file put together
"""Binance USD-M open interest and funding: Binance Vision's own files, and the trimmed per-coin series made of them.

Vision `metrics` stamps in words without offset, which are UTC; everything else is Unix milliseconds. Open interest comes in base tokens
and USD. Vision funding names its period; the trimmed series does not, so there the period is the smaller gap to a neighbour, in whole
hours. Its rates are per hour: an eighth, on every one of 870 settlements, of what Binance's API gives for the same times; they are
brought back to the settlement's.
Source: data.binance.vision, futures/um, "metrics" and "fundingRate"."""

from analytics.sources.source import Output, Shape, Source, has_header

METRICS = (
    "create_time",
    "symbol",
    "sum_open_interest",
    "sum_open_interest_value",
    "count_toptrader_long_short_ratio",
    "sum_toptrader_long_short_ratio",
    "count_long_short_ratio",
    "sum_taker_long_short_vol_ratio",
)
FUNDING = ("calc_time", "funding_interval_hours", "last_funding_rate")
COIN_INTEREST = ("t", "oi", "oi_usd")
COIN_FUNDING = ("ts", "rate")

_FIELDS = "WITH field AS (SELECT line, string_split(content, ',') AS f FROM raw WHERE line > 1 AND content <> '')\n"

PARSE_METRICS = (
    _FIELDS
    + """SELECT line, NULL::VARCHAR AS skip, CASE WHEN len(f) <> 8 THEN format('{} fields instead of 8', len(f)) END AS broken,
       f[1] AS stamp, time_of_text(f[1]) AS exchange_time, f[2] AS market, f[3] AS base, f[4] AS usd, 's' AS time_resolution
FROM field"""
)
PARSE_COIN_INTEREST = (
    _FIELDS
    + """SELECT line, NULL::VARCHAR AS skip, CASE WHEN len(f) <> 3 THEN format('{} fields instead of 3', len(f)) END AS broken,
       NULL::VARCHAR AS stamp, time_of_ms(f[1]) AS exchange_time, regexp_extract(getvariable('import_file'), '^([A-Z0-9]+)_oi',
           1) || 'USDT' AS market,
       f[2] AS base, f[3] AS usd, 'ms' AS time_resolution
FROM field"""
)
PARSE_FUNDING = (
    _FIELDS
    + """SELECT line, NULL::VARCHAR AS skip, CASE WHEN len(f) <> 3 THEN format('{} fields instead of 3', len(f)) END AS broken,
       time_of_ms(f[1]) AS exchange_time, regexp_extract(getvariable('import_file'), '^([A-Z0-9]+)-fundingRate', 1) AS market, f[3] AS rate,
       decimal_of(f[2]) AS period_hours
FROM field"""
)
PARSE_COIN_FUNDING = (
    _FIELDS
    + """, timed AS (
    SELECT line, len(f) AS fields, time_of_ms(f[1]) AS exchange_time, f[2] AS rate FROM field
)
SELECT line, NULL::VARCHAR AS skip, CASE WHEN fields <> 2 THEN format('{} fields instead of 2', fields) END AS broken,
       exchange_time, regexp_extract(getvariable('import_file'), '^([A-Z0-9]+)_funding', 1) || 'USDT' AS market,
       round(least(epoch(exchange_time) - epoch(lag(exchange_time) OVER w), epoch(lead(exchange_time)
           OVER w) - epoch(exchange_time)) / 3600) AS period_hours,
       decimal_of(rate) * period_hours AS rate
FROM timed WINDOW w AS (ORDER BY exchange_time)"""
)

REFUSE_MIXED = """
SELECT 'mixed time zones: some create_time carry a UTC offset and some do not' FROM parsed
WHERE stamp IS NOT NULL HAVING count(DISTINCT has_offset(stamp)) > 1
"""

OPEN_INTEREST = """
WITH read AS (
    SELECT *, binance_instrument_of(market) AS i, decimal_of(base) AS quantity, decimal_of(usd) AS notional FROM parsed WHERE skip IS NULL
)
SELECT line,
       coalesce(
           broken,
           CASE WHEN market = 'USDT' THEN 'the file name does not begin with the coin, as in BTC_oi_5m.csv' END,
           no_instrument(market, i),
           CASE WHEN exchange_time IS NULL THEN 'time is not readable: wrong column order?' END,
           not_positive('open interest', quantity), not_positive('open interest in USD', notional)
       ) AS reason,
       'binance' AS venue, market, token_of(i.base) AS underlying, exchange_time, time_resolution,
       quantity * scale_of(i.base) AS base, notional AS notional_usd, 'exact' AS quality
FROM read
"""

FUNDING_RATES = """
WITH read AS (SELECT * REPLACE (decimal_of(rate) AS rate), binance_instrument_of(market) AS i FROM parsed WHERE skip IS NULL)
SELECT line,
       coalesce(
           broken,
           CASE WHEN market IN ('', 'USDT') THEN 'the file name does not begin with the coin or symbol, as in BTC_funding.csv' END,
           no_instrument(market, i),
           CASE WHEN exchange_time IS NULL THEN 'time is not in Unix milliseconds' END,
           CASE WHEN rate IS NULL THEN 'rate is not a number' END,
           CASE WHEN abs(rate) > 0.1 THEN 'a rate of ' || rate || ' is no fraction per period' END
       ) AS reason,
       'binance' AS venue, market, token_of(i.base) AS underlying, exchange_time, 'ms' AS time_resolution, rate,
       nullif(period_hours, 0) AS period_hours, rate * 8 / nullif(period_hours, 0) AS rate_8h, 'exact' AS quality
FROM read
"""

_INTEREST_OUTPUT = (Output("open_interest", OPEN_INTEREST),)
_FUNDING_OUTPUT = (Output("funding", FUNDING_RATES),)

BINANCE_METRICS = Source(
    kind="binance_metrics",
    about="Binance USD-M open interest and funding: Binance Vision files, or series like BTC_oi_5m.csv and BTC_funding.csv",
    shapes=(
        Shape("csv", METRICS, has_header(*METRICS), PARSE_METRICS, _INTEREST_OUTPUT, refuse=REFUSE_MIXED),
        Shape("csv", COIN_INTEREST, has_header(*COIN_INTEREST), PARSE_COIN_INTEREST, _INTEREST_OUTPUT),
        Shape("csv", FUNDING, has_header(*FUNDING), PARSE_FUNDING, _FUNDING_OUTPUT),
        Shape("csv", COIN_FUNDING, has_header(*COIN_FUNDING), PARSE_COIN_FUNDING, _FUNDING_OUTPUT),
    ),
)
