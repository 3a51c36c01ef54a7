-- Victim USD per minute, underlying and side over all venues (M7). Minutes count from the Unix epoch. Vault unwinds and rows without
-- a dollar value are left out; `exact` and `sampled` say which qualities went in, bit k of `venues` the k-th name of `venue_names`.
-- `price_usd` is the mean price of the minute's liquidations. Parameters: $since, $until, $underlying.
WITH names AS MATERIALIZED (
    SELECT coalesce(list(DISTINCT venue ORDER BY venue), []) AS venue_names FROM mart_liquidations
)

SELECT
    underlying,
    (CASE side WHEN 'long' THEN 1 ELSE -1 END)::TINYINT AS side,
    epoch_us(moment) // 60000000 AS minute,
    sum(notional_usd) AS notional_usd,
    sum(notional_usd) / nullif(sum(size_base), 0) AS price_usd,
    bit_or(1::BIGINT << (list_position((SELECT venue_names FROM names), venue) - 1)) AS venues,
    bool_or(quality = 'exact') AS exact,
    bool_or(quality <> 'exact') AS sampled
FROM mart_liquidations
WHERE stage = 'trader' AND notional_usd IS NOT NULL AND moment >= $since AND moment < $until AND ($underlying IS NULL OR underlying = $underlying)
GROUP BY underlying, side, epoch_us(moment) // 60000000
ORDER BY underlying, side, minute
