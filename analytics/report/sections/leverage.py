"""Is the leverage gone? Open interest and funding before and after, with the verdict in words (M20, M21, S4)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.identity import VenueLabels
from analytics.answers.positioning import Funding, funding, open_interest_path
from analytics.answers.regime import regime
from analytics.answers.spot_ratio import open_interest_to_spot
from analytics.answers.window import Window
from analytics.report.scope import ASSETS, Subject
from analytics.report.section import Chart, Grid, Section, grid
from analytics.report.style import bucket_seconds, figure, legend, look, time_axis, usd_axis

_TITLE = "Is the leverage gone?"
_COLUMNS = {
    "underlying": "asset",
    "chain_id": "chain",
    "venue": "venue",
    "market": "market",
    "verdict": "verdict",
    "flush": "OI fell",
    "flush_unit": "counted in",
    "open_interest_before": "OI before",
    "open_interest_lowest": "OI lowest",
    "open_interest_after": "OI after",
    "funding_before_8h": "funding 8 h",
    "funding_after_8h": "funding after",
    "funding_z_after": "z after",
    "funding_reset_h": "reset after h",
    "forced_share": "forced",
    "n": "n",
    "quality": "quality",
}
_SPOT_COLUMNS = {
    "underlying": "asset",
    "open_interest_usd": "open interest USD",
    "open_interest_venues": "of",
    "spot_volume_usd": "spot USD, 24 h",
    "spot_venues": "spot of",
    "spot_hours": "hours",
    "open_interest_to_spot": "OI/spot, days",
    "perpetual_volume_usd": "perpetual USD, 24 h",
    "perpetual_venues": "perpetual of",
    "perpetual_hours": "hours",
    "open_interest_to_perpetual": "OI/perpetual, days",
    "compared_venues": "OI/perpetual of",
    "n": "n",
    "note": "note",
}
_VENUES = 3


def section(of: Subject) -> Section:
    """The verdict of each charted asset on its largest venue first; then the numbers and the curves."""
    found = regime(of.lake, of.window)
    tables = {"regime": found}
    if not found.num_rows:
        return Section(_TITLE, reason=reason_of(found), tables=tables)
    rows = found.to_pylist()
    largest: dict[str, dict[str, Any]] = {}
    for row in rows:
        largest.setdefault(row["underlying"], row)
    known = sorted(largest, key=lambda name: -float(str(largest[name]["open_interest_before_usd"] or 0)))
    shown = list(dict.fromkeys([*(name for name in of.assets if name in largest), *known]))[:ASSETS]
    lead = "\n".join(_verdict(of, largest[name]) for name in shown)
    charts = tuple(chart for name in shown if (chart := _chart(of, name)) is not None)
    grids = [grid("Before, lowest, after", found, _COLUMNS, most=20)]
    against = open_interest_to_spot(of.lake, of.window)
    tables["open_interest_to_spot"] = against
    if (spot := spot_grid(against)) is not None:
        grids.append(spot)
    return Section(_TITLE, lead, charts, tuple(grids), (*notes_of(found), *(notes_of(against) if spot else ())), tables=tables)


def _verdict(of: Subject, row: dict[str, Any]) -> str:
    return f"{row['underlying']} on {of.labels.of_row(row)}: {row['verdict']} — {row['in_words']}."


def spot_grid(against: pa.Table) -> Grid | None:
    """Open interest against spot and perpetual volume; None where no volume was recorded."""
    traded = [row for row in against.to_pylist() if row["spot_volume_usd"] is not None or row["perpetual_volume_usd"] is not None]
    if not traded:
        return None
    return grid("Open interest against a day's volume", pa.Table.from_pylist(traded, against.schema), _SPOT_COLUMNS)


def _chart(of: Subject, asset: str) -> Chart | None:
    window = _around(of.window)
    bucket = bucket_seconds(window, 300)
    found = open_interest_path(of.lake, window, asset, bucket).to_pylist()
    if not found:
        return None
    window = _shown(window, [row["moment"] for row in found], timedelta(seconds=bucket))
    rows = open_interest_path(of.lake, window, asset, bucket_seconds(window, 300)).to_pylist()
    paid = [one for one in funding(of.lake, window, asset) if len(_inside(one, window))]
    made, axes = figure(2, height=1.2, ratios=(2, 1)) if paid else figure(1)
    series: dict[str, list[tuple[datetime, float]]] = {}
    unit = "base" if any(row["base"] is not None for row in rows) else "usd"
    for row in rows:
        if row[unit] is not None:
            series.setdefault(f"{of.labels.of_row(row)} {row['market']}", []).append((row["moment"], row[unit]))
    for place, (name, points) in enumerate(list(series.items())[:_VENUES]):
        style = look(place)
        axes[0].plot(*zip(*points, strict=True), color=style.colour, linestyle=style.dash, linewidth=1.5, label=name)
    usd_axis(axes[0], f"open interest, {asset if unit == 'base' else 'USD'}")
    legend(axes[0], 1)
    if paid:
        _funding(axes[1], paid, window, of.labels)
    for each in axes:
        each.axvspan(of.window.lake_since, of.window.lake_until, color="#e4e4e4", zorder=0)  # type: ignore[arg-type]  # dates
    time_axis(axes[-1], window)
    return Chart(
        f"open_interest_{asset}",
        made,
        f"{asset}: open interest and funding per 8 h, {len(rows)} values; the window is grey: {of.window.words}",
    )


def _around(window: Window) -> Window:
    """The window with as long again on both sides, at least a quarter of an hour and at most three days."""
    length = window.lake_until - window.lake_since
    if length > timedelta(days=30):
        return window
    pad = min(max(length, timedelta(minutes=15)), timedelta(days=3))
    pad = max(pad, timedelta(hours=12)) if length > timedelta(minutes=30) else pad
    return Window((window.lake_since - pad).replace(tzinfo=UTC), (window.lake_until + pad).replace(tzinfo=UTC))


def _shown(window: Window, moments: list[datetime], bucket: timedelta) -> Window:
    """No wider than the records, which are the last of their buckets: a short recording would be a needle in a day."""
    first, last = (edge.replace(tzinfo=UTC) for edge in (min(moments) - bucket, max(moments) + timedelta(microseconds=1)))
    if last <= first:
        return window
    return Window(max(first, window.lake_since.replace(tzinfo=UTC)), min(last, window.lake_until.replace(tzinfo=UTC)))


def _inside(one: Funding, window: Window) -> list[int]:
    first, last = (edge.replace(tzinfo=UTC).timestamp() for edge in (window.lake_since, window.lake_until))
    return [int(i) for i in np.flatnonzero((one.time >= first) & (one.time <= last))]


def _funding(axes: Axes, paid: list[Funding], window: Window, labels: VenueLabels) -> None:
    for place, one in enumerate(paid[:_VENUES]):
        style, chosen = look(place), _inside(one, window)
        times = [datetime.fromtimestamp(one.time[i], UTC).replace(tzinfo=None) for i in chosen]
        values = [100 * one.rate_8h[i] for i in chosen]
        marker = style.marker if len(chosen) < 40 else None
        drawn: dict[str, Any] = {"color": style.colour, "linestyle": style.dash, "marker": marker, "markersize": 4, "linewidth": 1.2}
        axes.step(times, values, where="post", label=labels.of(*one.market[:2]), **drawn)  # type: ignore[arg-type]  # dates are converted by the axis' units
    axes.axhline(0, color="#666666", linewidth=0.8)
    axes.set_ylabel("funding, % per 8 h")
    legend(axes, 3)
