-- Prices at which liquidations were filled, in the columns of `mart_prices`: the last resort, biased to the victims' disadvantage.
SELECT
    chain_id, venue, market, underlying, 'liquidation fills' AS source, 4 AS preference, 0 AS interval_s, exchange_time AS moment, fill_price AS low_usd, fill_price AS high_usd,
    fill_price AS last_usd, notional_usd, quality
FROM ledger
WHERE fill_price IS NOT NULL AND notional_usd IS NOT NULL
