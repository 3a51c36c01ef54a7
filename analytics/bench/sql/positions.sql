-- The keeper's table of positions: $snapshots hourly snapshots of $positions accounts in each of $markets markets, marks at 1,000.
CREATE TABLE lake.main.position_snapshots AS
WITH drawn AS (
    SELECT
        s.range AS snapshot,
        m.range AS market,
        a.range AS account,
        hash(s.range, m.range, a.range, $seed) AS draw,
        ((hash(s.range, m.range, a.range, $seed, 1) >> 11)::DOUBLE + 1) / 9007199254740993 AS room
    FROM range($snapshots) AS s, range($markets) AS m, range($positions) AS a
)

SELECT
    1::BIGINT AS chain_id,
    'bench' AS venue,
    'account ' || account AS account,
    'M' || market AS market,
    1000 + snapshot AS block_number,
    'h' || snapshot AS block_hash,
    TIMESTAMP '2026-01-01' + to_hours(snapshot) AS block_time,
    '0' AS size_raw,
    CASE WHEN draw % 2 = 0 THEN 1.0 ELSE -1.0 END * (1 + draw % 500) AS size,
    '0' AS open_notional_raw,
    1000.0 * (1 + draw % 500) AS open_notional_usd,
    1000.0 AS mark_price,
    1000.0 * (1 - CASE WHEN draw % 2 = 0 THEN 1 ELSE -1 END * -0.1 * ln(room) * 0.999) AS liquidation_price,
    2.0 AS equity_usd,
    1.0 AS requirement_usd,
    false AS has_orders
FROM drawn
ORDER BY snapshot, market, account
