-- Imported funding in the columns of `mart_funding`.
SELECT NULL::BIGINT AS chain_id, venue, market, underlying, exchange_time AS moment, coalesce(rate_8h, rate) AS rate_8h, quality FROM stg_market_funding
