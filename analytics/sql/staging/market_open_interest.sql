-- Imported open interest: base tokens or USD or both, as the source has it.
SELECT
    venue, market, underlying, exchange_time, time_resolution, base AS open_interest_base, notional_usd AS open_interest_usd,
    notional_usd / base AS implied_price_usd, quality, source_file
FROM market.open_interest
