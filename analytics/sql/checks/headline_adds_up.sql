-- M0: the total row of each quality and stage is the sum of its assets, and sides add up to it.
SELECT quality, stage, sum(n) FILTER (asset <> 'total') AS events, sum(total_usd) FILTER (asset <> 'total') AS usd
FROM mart_headline
GROUP BY ALL
HAVING sum(n) FILTER (asset <> 'total') <> sum(n) FILTER (asset = 'total')
    OR abs(sum(total_usd) FILTER (asset <> 'total') - sum(total_usd) FILTER (asset = 'total')) > 1e-9 * sum(total_usd) FILTER (asset = 'total') + 1e-6
    OR abs(sum(long_usd + short_usd - coalesce(total_usd, 0))) > 1e-9 * sum(total_usd) + 1e-6
