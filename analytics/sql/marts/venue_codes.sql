-- A number from 0 for each venue that has liquidations, in the order of their names.
SELECT venue, row_number() OVER (ORDER BY venue) - 1 AS venue_code FROM (SELECT DISTINCT venue FROM mart_liquidations)
