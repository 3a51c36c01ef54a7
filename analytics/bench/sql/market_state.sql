-- The keeper's table of market states, one row per market and snapshot.
CREATE TABLE lake.main.market_state AS
SELECT
    1::BIGINT AS chain_id,
    'bench' AS venue,
    'M' || m.range AS market,
    1000 + s.range AS block_number,
    'h' || s.range AS block_hash,
    TIMESTAMP '2026-01-01' + to_hours(s.range) AS block_time,
    '0' AS mark_price_raw,
    1000.0 AS mark_price,
    1000.0 AS index_price,
    1000.0 AS spot_price,
    5e6 AS open_interest_long,
    5e6 AS open_interest_short,
    '0' AS funding_growth_raw,
    0.0 AS premium_rate_per_day
FROM range($snapshots) AS s, range($markets) AS m
