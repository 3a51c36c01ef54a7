-- Bars of one underlying on one venue and market from its best price source. Parameters: $underlying, $since, $until, $bar_s.
WITH asked AS (
    SELECT * FROM mart_prices WHERE underlying = $underlying AND moment >= $since AND moment < $until
),

chosen AS (
    SELECT chain_id, venue, market, preference FROM asked GROUP BY ALL
    ORDER BY count(DISTINCT time_bucket(to_seconds($bar_s), moment)) DESC, preference, venue, chain_id, market LIMIT 1
)

SELECT
    chain_id, venue, market, any_value(source) AS source, time_bucket(to_seconds($bar_s), moment) AS bar, arg_min(last_usd, moment) AS open_usd,
    min(low_usd) AS low_usd, max(high_usd) AS high_usd, arg_max(last_usd, moment) AS close_usd, sum(notional_usd) AS volume_usd, count(*) AS n,
    string_agg(DISTINCT quality, '/' ORDER BY quality) AS quality
FROM asked SEMI JOIN chosen
    ON asked.chain_id IS NOT DISTINCT FROM chosen.chain_id AND asked.venue = chosen.venue AND asked.market = chosen.market
        AND asked.preference = chosen.preference
GROUP BY ALL
ORDER BY bar
