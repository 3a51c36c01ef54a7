"""Which assets a window is about, the most important first."""

import pyarrow as pa


def ranked_assets(liquidated: pa.Table, prices: pa.Table) -> tuple[str, ...]:
    """Assets by liquidated USD, stage trader; without liquidations by how far they fell. Takes `headline` and `price_extremes`."""
    totals: dict[str, float] = {}
    for row in liquidated.to_pylist():
        if row["asset"] != "total" and row["stage"] == "trader":
            totals[row["asset"]] = totals.get(row["asset"], 0.0) + (row["total_usd"] or 0.0)
    if not totals:
        for row in prices.to_pylist():
            totals[row["underlying"]] = max(totals.get(row["underlying"], 0.0), -(row["fall"] or 0.0))
    return tuple(sorted(totals, key=lambda name: (-totals[name], name)))
