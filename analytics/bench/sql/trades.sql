-- Rows $first..$stop of $total trades over $days days.
INSERT INTO market.trades BY NAME
WITH drawn AS (
    SELECT range AS i, (hash(range, $seed, 11) >> 1)::BIGINT AS draw FROM range($first, $stop)
),

placed AS (
    SELECT i, draw, draw % 40 AS asset, 86400.0 * $days * i / $total AS seconds, 1 + draw % 1000 AS lots FROM drawn
)

SELECT
    ['binance', 'bybit', 'hyperliquid', 'okx'][1 + draw % 4] AS venue,
    'A' || asset || 'USDT' AS market,
    'A' || asset AS underlying,
    'perpetual' AS instrument,
    i::VARCHAR AS trade_id,
    TIMESTAMP '2025-01-01' + to_microseconds((seconds * 1e6)::BIGINT) AS exchange_time,
    'us' AS time_resolution,
    CASE WHEN draw % 2 = 0 THEN 'buy' ELSE 'sell' END AS side,
    round((100 + asset) * (1 + 0.1 * sin(seconds / 86400)), 2) AS price,
    lots * 0.01 AS base,
    round((100 + asset) * (1 + 0.1 * sin(seconds / 86400)), 2) * lots * 0.01 AS notional_usd,
    'exact' AS quality,
    'bench' AS source,
    'bench' AS source_file
FROM placed
