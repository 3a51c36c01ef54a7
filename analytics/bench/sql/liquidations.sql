-- Rows $first..$stop of $total over $days days: 7 in 10 spread evenly, 3 in 10 in bursts of one underlying and side (one burst per 6,000 rows).
INSERT INTO market.liquidations BY NAME
WITH drawn AS (
    SELECT
        range AS i,
        (hash(range, $seed, 1) >> 11)::DOUBLE / 9007199254740992 AS place,
        (hash(range, $seed, 2) >> 11)::DOUBLE / 9007199254740992 AS choice,
        ((hash(range, $seed, 3) >> 11)::DOUBLE + 1) / 9007199254740993 AS first_draw,
        (hash(range, $seed, 4) >> 11)::DOUBLE / 9007199254740992 AS second_draw,
        hash(range, $seed, 5) % 10 < 3 AS in_burst,
        range // 6000 AS burst
    FROM range($first, $stop)
),

placed AS (
    SELECT
        *,
        (hash(burst, $seed, 6) >> 11)::DOUBLE / 9007199254740992 AS burst_choice,
        CASE WHEN in_burst THEN hash(burst, $seed, 7) ELSE hash(i, $seed, 8) END % 2 = 0 AS is_long,
        86400.0 * $days / $total * CASE WHEN in_burst THEN burst * 6000 ELSE i + place END
        + CASE WHEN in_burst THEN -120 * ln(1 - place * 0.999) ELSE 0 END AS seconds
    FROM drawn
),

priced AS (
    SELECT
        *,
        (40 * pow(CASE WHEN in_burst THEN burst_choice ELSE choice END, 2))::BIGINT % 40 AS asset,
        exp(8 + 1.5 * sqrt(-2 * ln(first_draw)) * cos(2 * pi() * second_draw)) AS notional_usd
    FROM placed
)

SELECT
    ['binance', 'bybit', 'hyperliquid', 'okx'][1 + i % 4] AS venue,
    'A' || asset || 'USDT' AS market,
    'A' || asset AS underlying,
    'e' || i AS event_id,
    TIMESTAMP '2025-01-01' + to_microseconds((seconds * 1e6)::BIGINT) AS exchange_time,
    'ms' AS time_resolution,
    CASE WHEN is_long THEN 'long' ELSE 'short' END AS side,
    notional_usd / (100 + asset) AS base,
    (100 + asset)::DOUBLE AS fill_price,
    notional_usd AS fill_notional_usd,
    notional_usd,
    'fill' AS price_basis,
    'book' AS method,
    'trader' AS stage,
    CASE WHEN i % 4 = 2 THEN 'exact' ELSE 'sampled' END AS quality,
    'bench' AS source,
    'bench' AS source_file
FROM priced
ORDER BY exchange_time
