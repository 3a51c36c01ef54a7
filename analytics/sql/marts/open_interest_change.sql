-- Open interest per venue and market around a window: the last value in the day before it (else the window's first), and every value from its
-- start to an hour after its end. Parameters: $since, $until, $underlying (null: all).
SELECT
    underlying, chain_id, venue, market, any_value(quality) AS quality,
    coalesce(arg_max(base, moment) FILTER (moment < $since), arg_min(base, moment)) AS before_base,
    coalesce(arg_max(usd, moment) FILTER (moment < $since), arg_min(usd, moment)) AS before_usd,
    list(base ORDER BY moment) FILTER (moment >= $since AND base IS NOT NULL) AS after_base,
    list(usd ORDER BY moment) FILTER (moment >= $since AND usd IS NOT NULL) AS after_usd,
    max(moment) AS last_time
FROM mart_open_interest
WHERE moment >= $since - INTERVAL 1 DAY AND moment < $until + INTERVAL 1 HOUR AND ($underlying IS NULL OR underlying = $underlying)
GROUP BY ALL
HAVING count(*) FILTER (moment >= $since) > 0
ORDER BY underlying, before_usd DESC NULLS LAST, venue, chain_id, market
