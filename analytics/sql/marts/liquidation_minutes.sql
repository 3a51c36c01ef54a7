-- Victim USD per minute, underlying and side over all venues (M7). Minutes count from the Unix epoch. Vault unwinds and rows without
-- a dollar value are left out; `exact` and `sampled` say which qualities went in. Parameters: $since, $until, $underlying.
SELECT
    underlying,
    (CASE side WHEN 'long' THEN 1 ELSE -1 END)::TINYINT AS side,
    epoch_us(moment) // 60000000 AS minute,
    sum(notional_usd) AS notional_usd,
    bool_or(quality = 'exact') AS exact,
    bool_or(quality <> 'exact') AS sampled
FROM mart_liquidations
WHERE stage = 'trader' AND notional_usd IS NOT NULL AND moment >= $since AND moment < $until AND ($underlying IS NULL OR underlying = $underlying)
GROUP BY ALL
ORDER BY underlying, side, minute
