-- Recorded depth in the columns of `mart_depth`.
SELECT underlying, venue, market, exchange_time, side, band_bps, depth_usd, quality FROM stg_market_depth
