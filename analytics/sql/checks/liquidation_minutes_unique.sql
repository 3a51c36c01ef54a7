-- M7: one row per underlying, side and minute.
SELECT underlying, side, minute, count(*) AS copies FROM mart_liquidation_minutes GROUP BY ALL HAVING count(*) > 1
