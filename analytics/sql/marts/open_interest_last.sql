-- Each market's last open interest (base and USD of one moment). Parameters: $since, $until, $underlying (null: all).
SELECT
    underlying, chain_id, venue, market, max(moment) AS moment, arg_max({'base': base, 'usd': usd}, mart_open_interest.moment) AS held, count(*) AS n,
    string_agg(DISTINCT quality, '/' ORDER BY quality) AS quality
FROM mart_open_interest
WHERE moment >= $since AND moment < $until AND ($underlying IS NULL OR underlying = $underlying)
GROUP BY underlying, chain_id, venue, market
ORDER BY underlying, venue, chain_id, market
