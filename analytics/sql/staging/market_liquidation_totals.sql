-- Published totals per period without events. A market missing in a period is not zero.
SELECT
    venue, market, underlying, exchange_time AS period_start, period_seconds, long_usd, short_usd, unattributed_usd, total_usd, events, quality, source_file
FROM market.liquidation_totals
