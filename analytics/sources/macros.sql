-- What every importer shares in SQL. Temporary: they live in the importing connection only.

-- 'BTC-USDT-SWAP', 'AAVEUSD_PERP', 'PF_XBTUSD' -> base, quote, suffix; all empty when no quote is recognised.
CREATE OR REPLACE TEMP MACRO instrument_of(market) AS regexp_extract(
    market,
    '^(?:P[FI]_)?(.+?)[-_/]?(USDT|USDC|USDE|USD1|USD|EUR|GBP|BTC|ETH|BNB)((?:[-_:].*|[FGHJKMNQUVXZ][0-9]{2})?)$',
    ['base', 'quote', 'suffix']
);
-- Binance USD-M never quotes in plain USD, so 'BTCBUSD' can be told from 'ARBUSD' there and nowhere else.
CREATE OR REPLACE TEMP MACRO binance_instrument_of(market) AS regexp_extract(
    market, '^(.+?)(USDT|USDC|BUSD|FDUSD|BTC)((?:_.*)?)$', ['base', 'quote', 'suffix']
);
-- Contracts on 1,000 or more tokens carry the number in their name: '1000PEPE', 'SHIB1000', '1MBABYDOGE'.
CREATE OR REPLACE TEMP MACRO scale_of(base) AS CASE
    WHEN regexp_matches(base, '^(1000000[^0-9]|1M[A-Z])') THEN 1e6
    WHEN regexp_matches(base, '^10000[^0-9]') THEN 1e4
    WHEN regexp_matches(base, '^1000[^0-9]|[A-Z]1000$') THEN 1e3
    ELSE 1e0
END;
CREATE OR REPLACE TEMP MACRO token_of(base) AS CASE
    WHEN base = 'XBT' THEN 'BTC'
    WHEN scale_of(base) = 1 THEN base
    ELSE regexp_replace(regexp_replace(base, '^(1000000|10000|1000|1M)', ''), '1000$', '')
END;
CREATE OR REPLACE TEMP MACRO is_dollar(quote) AS quote IN ('USDT', 'USDC', 'USDE', 'USD1', 'USD', 'BUSD', 'FDUSD');

-- A finite number or null. 'nan' is a number for CAST and greater than everything in a comparison.
CREATE OR REPLACE TEMP MACRO decimal_of(value) AS CASE WHEN isfinite(TRY_CAST(value AS DOUBLE)) THEN TRY_CAST(value AS DOUBLE) END;

-- Unix milliseconds or microseconds between 2009 and 2100; anything else is another unit and becomes null.
CREATE OR REPLACE TEMP MACRO time_of_ms(value) AS CASE
    WHEN TRY_CAST(value AS BIGINT) BETWEEN 1230768000000 AND 4102444800000 THEN make_timestamp(TRY_CAST(value AS BIGINT) * 1000)
END;
CREATE OR REPLACE TEMP MACRO time_of_us(value) AS CASE
    WHEN TRY_CAST(value AS BIGINT) BETWEEN 1230768000000000 AND 4102444800000000 THEN make_timestamp(TRY_CAST(value AS BIGINT))
END;
CREATE OR REPLACE TEMP MACRO has_offset(stamp) AS regexp_matches(stamp, ':[0-9.]+ ?(Z|[+-][0-9]{2}:?([0-9]{2})?)$');
-- A stamp in words as UTC; without an offset it is taken as UTC, which the caller must know to be true of the format.
CREATE OR REPLACE TEMP MACRO time_of_text(stamp) AS CASE
    WHEN has_offset(stamp) THEN make_timestamp(epoch_us(TRY_CAST(stamp AS TIMESTAMPTZ)))
    ELSE TRY_CAST(stamp AS TIMESTAMP)
END;

CREATE OR REPLACE TEMP MACRO not_positive(name, value) AS CASE
    WHEN value IS NULL THEN name || ' is not a number'
    WHEN value <= 0 THEN name || ' is not positive: ' || value
END;
CREATE OR REPLACE TEMP MACRO no_quote(market, instrument) AS CASE
    WHEN market IS NULL OR market = '' THEN 'no market'
    WHEN instrument.base = '' THEN 'no quote currency in market ' || market
END;
CREATE OR REPLACE TEMP MACRO no_instrument(market, instrument) AS CASE
    WHEN no_quote(market, instrument) IS NOT NULL THEN no_quote(market, instrument)
    WHEN NOT is_dollar(instrument.quote) THEN 'quoted in ' || instrument.quote || ', not in a dollar: notional unknown'
END;
CREATE OR REPLACE TEMP MACRO is_far(value, reference) AS value < reference / 2 OR value > reference * 2;

-- What a frame is about, whichever venue sent it.
CREATE OR REPLACE TEMP MACRO channel_of(frame) AS coalesce(
    frame->>'$.e', frame->>'$.data.e', split_part(frame->>'$.topic', '.', 1), frame->>'$.arg.channel', frame->>'$.channel', 'unknown'
);
