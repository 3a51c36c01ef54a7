-- A number from 0 for each underlying that has liquidations, in the order of their names.
SELECT underlying, row_number() OVER (ORDER BY underlying) - 1 AS underlying_code FROM (SELECT DISTINCT underlying FROM mart_liquidations)
