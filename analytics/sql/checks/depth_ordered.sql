-- M13: the thinnest depth of a band is no more than its median, the median no more than the deepest; none is negative.
SELECT * FROM mart_depth_bands
WHERE depth_usd_min < 0 OR depth_usd_min > depth_usd_p50 OR depth_usd_p50 > depth_usd_max
