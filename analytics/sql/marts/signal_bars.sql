-- Bars of one underlying on one venue and market from its best price source. Parameters: $underlying, $since, $until, $bar_s.
WITH asked AS (
    SELECT * FROM mart_prices WHERE underlying = $underlying AND moment >= $since AND moment < $until
),

chosen AS (
    SELECT venue, market, preference FROM asked GROUP BY ALL
    ORDER BY count(DISTINCT time_bucket(to_seconds($bar_s), moment)) DESC, preference, venue, market LIMIT 1
)

SELECT
    venue, market, any_value(source) AS source, time_bucket(to_seconds($bar_s), moment) AS bar, arg_min(last_usd, moment) AS open_usd,
    min(low_usd) AS low_usd, max(high_usd) AS high_usd, arg_max(last_usd, moment) AS close_usd, sum(notional_usd) AS volume_usd, count(*) AS n,
    string_agg(DISTINCT quality, '/' ORDER BY quality) AS quality
FROM asked SEMI JOIN chosen USING (venue, market, preference)
GROUP BY ALL
ORDER BY bar
