"""Binance Vision `bookDepth`: cumulative depth within 1 to 5 % of the price, a snapshot about every 30 s, stamps in UTC without offset.

The published book is at times visibly broken: on 10 October 2025 bids lie above asks from 15:30 on. A snapshot whose average bid price
in any band exceeds the average ask price is 'inverted'; one within ten minutes of such is 'near inverted', because the ghost levels
that invert it sit there too; one whose depth falls with distance is 'shrinking'. They are kept, flagged and not usable.
Source: data.binance.vision, futures/um, "bookDepth"; Binance does not say which price the bands are measured from, the mid is
assumed."""

from analytics.sources.source import Output, Shape, Source, has_header

COLUMNS = ("timestamp", "percentage", "depth", "notional", "weighted_avg_price")
VISION_COLUMNS = ("timestamp", "percentage", "depth", "notional")

PARSE = """
WITH field AS (SELECT line, string_split(content, ',') AS f FROM raw WHERE line > 1 AND trim(content) <> '')
SELECT line, NULL::VARCHAR AS skip, CASE WHEN len(f) NOT IN (4, 5) THEN format('{} fields instead of 4 or 5', len(f)) END AS broken,
       trim(f[1]) AS stamp, decimal_of(f[2]) AS percentage, decimal_of(f[3]) AS base, decimal_of(f[4]) AS notional,
           decimal_of(f[5]) AS average_price,
       regexp_extract(getvariable('import_file'), '^([A-Z0-9]+)-bookDepth', 1) AS market
FROM field
"""

REFUSE = """
SELECT 'mixed time zones: some stamps carry a UTC offset and some do not' FROM parsed HAVING count(DISTINCT has_offset(stamp)) > 1
UNION ALL
SELECT 'the file name does not begin with the symbol, as in BTCUSDT-bookDepth-2025-10-10.csv' FROM parsed HAVING bool_and(market = '')
"""

DEPTH = """
WITH read AS (
    SELECT *, binance_instrument_of(market) AS i, time_of_text(stamp) AS exchange_time,
           coalesce(
               broken, no_instrument(market, binance_instrument_of(market)),
               CASE WHEN time_of_text(stamp) IS NULL THEN 'timestamp is not a time' END,
               CASE WHEN percentage IS NULL OR percentage = 0 OR abs(percentage) > 10
                   THEN 'percentage is not a band of -10 to 10: wrong column order?' END,
               not_positive('depth', base), not_positive('notional', notional),
               CASE WHEN abs(notional / base - average_price) > 1e-6 * average_price
                    THEN 'notional / depth is not the average price: wrong column order?' END
           ) AS reason
    FROM parsed WHERE skip IS NULL
),
band AS (
    SELECT exchange_time, notional / base AS price, percentage, base,
           base < lag(base) OVER (PARTITION BY exchange_time, sign(percentage) ORDER BY abs(percentage)) AS shrinks
    FROM read WHERE reason IS NULL
),
snapshot AS (
    SELECT exchange_time, coalesce(max(price) FILTER (percentage < 0) > min(price) FILTER (percentage > 0), false) AS inverted,
           coalesce(bool_or(shrinks), false) AS shrinking
    FROM band GROUP BY exchange_time
),
flagged AS (
    SELECT exchange_time, CASE
        WHEN inverted THEN 'inverted'
        WHEN bool_or(inverted) OVER (ORDER BY exchange_time RANGE BETWEEN INTERVAL 10 MINUTES PRECEDING AND INTERVAL 10 MINUTES FOLLOWING)
            THEN 'near inverted'
        WHEN shrinking THEN 'shrinking'
    END AS flag
    FROM snapshot
)
SELECT line, reason, 'binance' AS venue, market, token_of(i.base) AS underlying, exchange_time, 's' AS time_resolution,
       CASE WHEN percentage < 0 THEN 'bid' ELSE 'ask' END AS side, abs(percentage) * 100 AS band_bps,
       base * scale_of(i.base) AS base, notional AS notional_usd, flag IS NULL AS usable, flag, 'exact' AS quality
FROM read LEFT JOIN flagged USING (exchange_time)
"""

NOTES = """
SELECT format('{} inverted snapshots (bids above asks) from {} to {}: flagged, not used', count(*), min(stamp), max(stamp)) FROM (
    SELECT stamp FROM parsed WHERE broken IS NULL GROUP BY stamp
    HAVING max(notional / base) FILTER (percentage < 0) > min(notional / base) FILTER (percentage > 0)
) HAVING count(*) > 0
"""

_OUTPUTS = (Output("depth", DEPTH),)

BINANCE_BOOK_DEPTH = Source(
    kind="binance_book_depth",
    about="Binance Vision bookDepth CSV: depth within 1 to 5 %, inverted snapshots flagged",
    shapes=(
        Shape("csv", COLUMNS, has_header(*COLUMNS), PARSE, _OUTPUTS, refuse=REFUSE, notes=NOTES),
        Shape("csv", VISION_COLUMNS, has_header(*VISION_COLUMNS), PARSE, _OUTPUTS, refuse=REFUSE, notes=NOTES),
    ),
)
