-- Market recordings of every venue in one set of units: base quantity in whole tokens (a contract on 1,000 PEPE counts 1,000),
-- USD notional (USDT, USDC and other dollar tokens at par), `side` of a liquidation is the victim's position, times are UTC.
-- `time_resolution` is the unit the source stamps in ('ns' is cut to microseconds); `quality` is 'exact' or 'sampled' and is never mixed unlabelled.
-- No keys: DuckLake has none. The importers anti-join on the columns named at each table.

-- One row per victim fill. Key: venue, market, exchange_time, event_id.
-- `notional_usd` is the headline figure: at the order (bankruptcy) price where the source gives it, else at the fill price; `price_basis` says which.
CREATE TABLE market.liquidations (
    venue VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    underlying VARCHAR NOT NULL,
    event_id VARCHAR NOT NULL,          -- the venue's id, or the content that identifies the event where it gives none
    exchange_time TIMESTAMP NOT NULL,
    receive_time TIMESTAMP,
    time_resolution VARCHAR NOT NULL,
    block_number BIGINT,
    victim VARCHAR,
    side VARCHAR NOT NULL,              -- 'long' or 'short': the victim's
    base DOUBLE NOT NULL,
    order_price DOUBLE,
    fill_price DOUBLE,
    mark_price DOUBLE,
    order_notional_usd DOUBLE,
    fill_notional_usd DOUBLE,
    notional_usd DOUBLE,                -- null where the market is not quoted in a dollar (ETHBTC): the event counts, its value is not known
    price_basis VARCHAR NOT NULL,       -- 'order' or 'fill'
    method VARCHAR NOT NULL,            -- 'book', 'backstop' or 'adl'
    stage VARCHAR NOT NULL,             -- 'trader', or 'vault' when the venue's own liquidator vault is the victim
    quality VARCHAR NOT NULL,
    source VARCHAR NOT NULL,            -- the kind of import
    source_file VARCHAR NOT NULL
);

-- Published totals without events (e.g. daily per coin). Key: venue, market, exchange_time, period_seconds.
-- `unattributed_usd` is the total less both sides, as published: sides do not always add up.
CREATE TABLE market.liquidation_totals (
    venue VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    underlying VARCHAR NOT NULL,
    exchange_time TIMESTAMP NOT NULL,   -- start of the period
    period_seconds BIGINT NOT NULL,
    time_resolution VARCHAR NOT NULL,
    long_usd DOUBLE NOT NULL,
    short_usd DOUBLE NOT NULL,
    unattributed_usd DOUBLE NOT NULL,
    total_usd DOUBLE NOT NULL,
    events BIGINT NOT NULL,
    quality VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    source_file VARCHAR NOT NULL
);

-- Key: venue, market, exchange_time, trade_id.
CREATE TABLE market.trades (
    venue VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    underlying VARCHAR NOT NULL,
    instrument VARCHAR NOT NULL,        -- 'perpetual', 'future' or 'spot'
    trade_id VARCHAR NOT NULL,
    exchange_time TIMESTAMP NOT NULL,
    receive_time TIMESTAMP,
    time_resolution VARCHAR NOT NULL,
    side VARCHAR NOT NULL,              -- the taker's: 'buy', 'sell' or 'unknown'
    price DOUBLE NOT NULL,
    base DOUBLE NOT NULL,
    notional_usd DOUBLE NOT NULL,
    quality VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    source_file VARCHAR NOT NULL
);

-- Key: venue, market, exchange_time. `base` is null where the source gives USD only, and the other way round.
CREATE TABLE market.open_interest (
    venue VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    underlying VARCHAR NOT NULL,
    exchange_time TIMESTAMP NOT NULL,
    time_resolution VARCHAR NOT NULL,
    base DOUBLE,
    notional_usd DOUBLE,
    quality VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    source_file VARCHAR NOT NULL
);

-- Key: venue, market, exchange_time. `rate` is what was paid at this settlement (fraction of notional, longs pay when positive).
CREATE TABLE market.funding (
    venue VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    underlying VARCHAR NOT NULL,
    exchange_time TIMESTAMP NOT NULL,
    time_resolution VARCHAR NOT NULL,
    rate DOUBLE NOT NULL,
    period_hours DOUBLE,                -- null when the series is too short to tell
    rate_8h DOUBLE,                     -- rate x 8 / period_hours
    quality VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    source_file VARCHAR NOT NULL
);

-- Key: venue, market, exchange_time, interval_seconds. `volume_base` is null where the source counts contracts of a size the lake does not know.
CREATE TABLE market.candles (
    venue VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    underlying VARCHAR NOT NULL,
    exchange_time TIMESTAMP NOT NULL,   -- start of the interval
    interval_seconds BIGINT NOT NULL,
    time_resolution VARCHAR NOT NULL,
    open DOUBLE NOT NULL,
    high DOUBLE NOT NULL,
    low DOUBLE NOT NULL,
    close DOUBLE NOT NULL,
    volume_base DOUBLE,
    quality VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    source_file VARCHAR NOT NULL
);

-- Cumulative depth from the mid out to a band. Key: venue, market, exchange_time, side, band_bps. Use only rows with `usable`.
CREATE TABLE market.depth (
    venue VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    underlying VARCHAR NOT NULL,
    exchange_time TIMESTAMP NOT NULL,
    receive_time TIMESTAMP,
    time_resolution VARCHAR NOT NULL,
    side VARCHAR NOT NULL,              -- 'bid' or 'ask'
    band_bps DOUBLE NOT NULL,
    base DOUBLE NOT NULL,
    notional_usd DOUBLE NOT NULL,
    usable BOOLEAN NOT NULL,
    flag VARCHAR,                       -- why not: 'inverted', 'near inverted', 'shrinking', 'crossed', 'stale', 'beyond recorded levels'
    quality VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    source_file VARCHAR NOT NULL
);

-- Rebuilt order books, best level first. Key: venue, market, exchange_time. Levels below `bid_floor` or above `ask_ceiling` were never recorded in full.
CREATE TABLE market.book_snapshots (
    venue VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    underlying VARCHAR NOT NULL,
    exchange_time TIMESTAMP NOT NULL,   -- the exchange's clock at the snapshot: the last update's stamp plus its age
    receive_time TIMESTAMP NOT NULL,    -- the recorder's clock at the snapshot
    time_resolution VARCHAR NOT NULL,
    age_ms DOUBLE NOT NULL,             -- receive_time less the receive time of the last update
    best_bid DOUBLE NOT NULL,
    best_ask DOUBLE NOT NULL,
    mid_price DOUBLE NOT NULL,
    spread_bps DOUBLE NOT NULL,
    bid_floor DOUBLE NOT NULL,
    ask_ceiling DOUBLE NOT NULL,
    bid_prices DOUBLE[] NOT NULL,
    bid_sizes DOUBLE[] NOT NULL,        -- base
    ask_prices DOUBLE[] NOT NULL,
    ask_sizes DOUBLE[] NOT NULL,        -- base
    usable BOOLEAN NOT NULL,
    flag VARCHAR,                       -- why not: 'crossed' or 'stale'
    quality VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    source_file VARCHAR NOT NULL
);

-- What one contract is, for venues that count contracts. Key: venue, market.
CREATE TABLE market.contracts (
    venue VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    underlying VARCHAR NOT NULL,
    contract_size DOUBLE NOT NULL,      -- base tokens per contract, or USD per contract when `inverse`
    inverse BOOLEAN NOT NULL,
    quality VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    source_file VARCHAR NOT NULL
);

-- Rows of a file that were not taken, with the reason. `content_sha256` ties them to market.imports.
CREATE TABLE market.rejects (
    kind VARCHAR NOT NULL,
    source_file VARCHAR NOT NULL,
    content_sha256 VARCHAR NOT NULL,
    line BIGINT NOT NULL,               -- from 1; the row number in a Parquet file
    reason VARCHAR NOT NULL,
    raw_text VARCHAR                    -- the line's first 200 characters
);

-- One row per file read. Key: kind, content_sha256, options.
CREATE TABLE market.imports (
    kind VARCHAR NOT NULL,
    source_file VARCHAR NOT NULL,       -- as rows name it: the folder and the file
    path VARCHAR NOT NULL,              -- as it was given
    content_sha256 VARCHAR NOT NULL,
    options VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    imported_at TIMESTAMP NOT NULL,
    rows BIGINT NOT NULL,               -- rows of this file that the lake holds because of it
    duplicates BIGINT NOT NULL,
    rejects BIGINT NOT NULL,
    skipped VARCHAR NOT NULL,           -- what the kind does not take, with counts
    notes VARCHAR NOT NULL              -- what a reader of the rows should know
);
