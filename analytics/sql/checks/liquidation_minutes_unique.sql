-- M7: one row per series and minute.
SELECT series, minute, count(*) AS copies FROM mart_liquidation_minutes GROUP BY ALL HAVING count(*) > 1
