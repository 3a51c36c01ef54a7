-- Imported funding settlements: `rate` is the fraction paid at this settlement, `rate_8h` the same per 8 hours.
SELECT venue, market, underlying, exchange_time, time_resolution, rate, period_hours, rate_8h, quality, source_file
FROM market.funding
