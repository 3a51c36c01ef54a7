"""OKX contract sizes: the reply of `GET /api/v5/public/instruments?instType=SWAP` (or FUTURES), as one JSON document.

`ctVal` x `ctMult` is one contract, in base tokens (linear) or in USD (inverse). Source: okx.com/docs-v5, "Get instruments"."""

from analytics.sources.source import Output, Shape, Source, has_text

COLUMNS = ("data[].instId", "data[].ctType", "data[].ctVal", "data[].ctMult", "data[].ctValCcy")

PARSE = """
WITH reply AS (SELECT line, TRY_CAST(content AS JSON) AS body FROM raw WHERE trim(content) <> ''),
item AS (SELECT line, unnest(body->'$.data[*]') AS item FROM reply)
SELECT line, CASE WHEN (item->>'$.ctType') = '' THEN 'instrument without contracts' END AS skip,
       item->>'$.instId' AS market, item->>'$.ctType' AS type, item->>'$.ctVal' AS value, item->>'$.ctMult' AS multiplier,
       item->>'$.ctValCcy' AS currency
FROM item
"""

CONTRACTS = """
WITH read AS (
    SELECT line, market, type, currency, instrument_of(market) AS instrument, decimal_of(value) * decimal_of(multiplier) AS contract_size
    FROM parsed WHERE skip IS NULL
)
SELECT line,
       coalesce(
           no_instrument(market, instrument),
           CASE WHEN type IS NULL OR type NOT IN ('linear', 'inverse') THEN 'contract type is neither linear nor inverse' END,
           not_positive('contract size', contract_size),
           CASE WHEN type = 'linear' AND currency <> instrument.base OR type = 'inverse' AND currency <> 'USD'
                THEN 'contract value is in ' || currency END
       ) AS reason,
       'okx' AS venue, market, token_of(instrument.base) AS underlying, contract_size, type = 'inverse' AS inverse, 'exact' AS quality
FROM read
"""

OKX_INSTRUMENTS = Source(
    kind="okx_instruments",
    about="OKX contract sizes: the JSON reply of /api/v5/public/instruments (import it before okx_liquidations)",
    shapes=(Shape(form="frames", columns=COLUMNS, fits=has_text('"ctVal"'), parse=PARSE, outputs=(Output("contracts", CONTRACTS),)),),
)
