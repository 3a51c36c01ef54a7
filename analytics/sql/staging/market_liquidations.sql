-- Imported liquidations, one row per victim fill. `notional_usd` is at the order price where the source gives it (`price_basis`), else at the fill;
-- null where the market is not quoted in a dollar. Never add 'sampled' to 'exact', nor stage 'vault' to 'trader', without saying so.
SELECT
    venue, market, underlying, event_id, exchange_time, receive_time, time_resolution, block_number, victim, side, base AS size_base,
    order_price AS order_price_usd, fill_price AS fill_price_usd, mark_price AS mark_price_usd, order_notional_usd, fill_notional_usd, notional_usd,
    price_basis, method, stage, quality, source, source_file
FROM market.liquidations
