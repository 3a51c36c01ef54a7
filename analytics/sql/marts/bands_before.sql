-- The newest usable depth by band of each venue, market and side in the hour up to a moment. Parameters: $underlying, $at.
WITH newest AS (
    SELECT *
    FROM stg_market_depth
    WHERE underlying = $underlying AND exchange_time <= $at AND exchange_time > $at - INTERVAL 1 HOUR
    QUALIFY rank() OVER (PARTITION BY venue, market, side ORDER BY exchange_time DESC) = 1
)

SELECT
    venue, market, side, max(exchange_time) AS exchange_time, list(band_bps ORDER BY band_bps) AS band_bps, list(depth_base ORDER BY band_bps) AS depth_base,
    any_value(quality) AS quality
FROM newest
GROUP BY ALL
ORDER BY venue, market, side
