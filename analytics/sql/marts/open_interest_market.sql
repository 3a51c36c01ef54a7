-- Imported open interest in the columns of `mart_open_interest`.
SELECT
    NULL::BIGINT AS chain_id, venue, market, underlying, exchange_time AS moment, open_interest_base AS base, open_interest_usd AS usd, quality
FROM stg_market_open_interest
