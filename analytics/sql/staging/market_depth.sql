-- Usable cumulative depth from the mid out to a band. What was flagged instead: stg_market_depth_flags.
SELECT
    venue, market, underlying, exchange_time, receive_time, time_resolution, side, band_bps, base AS depth_base, notional_usd AS depth_usd, quality, source_file
FROM market.depth
WHERE usable
