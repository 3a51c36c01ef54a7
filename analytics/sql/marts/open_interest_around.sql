-- Open interest (base) of each episode's underlying per venue and market: the last value in the hour before the start, and every later one
-- up to an hour after the end. Episodes come as the table `asked` (episode, underlying, start, stop; minutes from the Unix epoch).
WITH observed AS (
    SELECT underlying, venue, market, quality, epoch_us(exchange_time) / 60e6 AS minute, open_interest_base AS base
    FROM stg_market_open_interest
    WHERE open_interest_base IS NOT NULL
),

final AS (
    SELECT
        episode,
        venue,
        market,
        any_value(quality) AS quality,
        arg_max(base, minute) FILTER (minute < start) AS before_base,
        list(base ORDER BY minute) FILTER (minute >= start) AS after_base
    FROM asked JOIN observed ON observed.underlying = asked.underlying AND minute >= start - 60 AND minute < stop + 60
    GROUP BY episode, venue, market
)

SELECT * FROM final WHERE before_base > 0 AND len(after_base) > 0
ORDER BY episode, venue, market
