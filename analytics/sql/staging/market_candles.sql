-- Imported candles; `exchange_time` is the start of the interval.
SELECT
    venue, market, underlying, exchange_time AS interval_start, interval_seconds, open AS open_usd, high AS high_usd, low AS low_usd, close AS close_usd,
    volume_base, quality, source_file
FROM market.candles
