-- Traded USD of each spot and perpetual market in $since to $until, from trades and from candles of an hour or less, the fuller source first.
-- Candles are of perpetual markets, unless the lake's trades say otherwise; `hours` are those with a record, counted back from $until.
-- Parameters: $since, $until, $underlying (null: all).
WITH kinds AS (
    SELECT DISTINCT venue, market, instrument FROM stg_market_trades
),

records AS (
    SELECT underlying, venue, market, instrument, 'trades' AS source, exchange_time AS moment, notional_usd AS usd, quality
    FROM stg_market_trades
    WHERE exchange_time >= $since AND exchange_time < $until
    UNION ALL BY NAME
    SELECT
        underlying, venue, market, coalesce(instrument, 'perpetual') AS instrument, format('{} s candles', interval_seconds) AS source,
        interval_start AS moment, volume_base * close_usd AS usd, quality
    FROM stg_market_candles LEFT JOIN kinds USING (venue, market)
    WHERE interval_start >= $since AND interval_start + to_seconds(interval_seconds) <= $until AND interval_seconds <= 3600 AND volume_base IS NOT NULL
),

final AS (
    SELECT
        underlying, venue, market, instrument, source, sum(usd) AS volume_usd, count(*) AS n,
        list(DISTINCT floor(epoch($until::TIMESTAMP - moment) / 3600)::BIGINT) AS hours, string_agg(DISTINCT quality, '/' ORDER BY quality) AS quality
    FROM records
    WHERE instrument IN ('spot', 'perpetual') AND ($underlying IS NULL OR underlying = $underlying)
    GROUP BY underlying, venue, market, instrument, source
)

SELECT *
FROM final
ORDER BY underlying, instrument, venue, market, len(hours) DESC, source = 'trades' DESC, source
