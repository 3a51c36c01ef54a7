-- A number from 0 for each venue that has liquidations, in the order of their names and chains.
SELECT chain_id, venue, row_number() OVER (ORDER BY venue, chain_id) - 1 AS venue_code FROM (SELECT DISTINCT chain_id, venue FROM mart_liquidations)
