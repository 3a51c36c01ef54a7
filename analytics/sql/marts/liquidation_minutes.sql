-- Victim USD per minute, underlying and side over all venues (M7). Vault unwinds and rows without a dollar value are left out.
-- `series` is twice the underlying's place in `underlying_codes`, plus 1 for short victims; minutes count from the Unix epoch; `price_usd` is
-- the mean price of the minute's liquidations; `marks` has bit k for the k-th venue of `venue_codes`, bit 61 for exact, 62 for sampled rows.
-- One integer key, because grouping and sorting by names takes three times as long. Parameters: $since, $until, $underlying.
WITH keyed AS (
    SELECT
        (underlying_code * 2 + CASE side WHEN 'long' THEN 0 ELSE 1 END) << 40 | epoch_us(moment) // 60000000 AS key,
        notional_usd,
        size_base,
        1::BIGINT << venue_code | CASE quality WHEN 'exact' THEN 1::BIGINT << 61 ELSE 1::BIGINT << 62 END AS mark
    FROM mart_liquidations AS liquidated JOIN mart_underlying_codes USING (underlying) JOIN mart_venue_codes AS codes
        ON codes.venue = liquidated.venue AND codes.chain_id IS NOT DISTINCT FROM liquidated.chain_id
    WHERE stage = 'trader' AND notional_usd IS NOT NULL AND moment >= $since AND moment < $until
        AND ($underlying IS NULL OR underlying = $underlying)
),

final AS (
    SELECT key, sum(notional_usd) AS notional_usd, sum(size_base) AS size_base, bit_or(mark) AS marks FROM keyed GROUP BY key
)

SELECT key >> 40 AS series, key & (1::BIGINT << 40) - 1 AS minute, notional_usd, notional_usd / nullif(size_base, 0) AS price_usd, marks
FROM final
ORDER BY key
