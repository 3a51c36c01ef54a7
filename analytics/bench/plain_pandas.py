"""The same two questions as an analyst would write them in a notebook: dense minutes, rolling medians, a loop. Only for comparison."""

import numpy as np
import pandas as pd

from analytics.models.episodes import EpisodeRules


def plain_episodes(liquidations: pd.DataFrame, rules: EpisodeRules) -> list[tuple[str, str, pd.Timestamp, pd.Timestamp, float]]:
    """(underlying, side, first minute, last minute, USD) by M7's rules, from a frame with exchange_time, underlying, side, notional_usd."""
    began = liquidations["exchange_time"].min().floor("min")
    found = []
    for (underlying, side), group in liquidations.groupby(["underlying", "side"]):
        minutes = group.set_index("exchange_time")["notional_usd"].resample("1min").sum()
        start = began.floor("D")
        dense = minutes.reindex(pd.date_range(start, minutes.index[-1], freq="1min"), fill_value=0.0)
        baseline = _baseline(dense, began, rules)
        for first, last in _loop(dense.to_numpy(), baseline, rules):
            found.append((str(underlying), str(side), dense.index[first], dense.index[last], float(dense.iloc[first : last + 1].sum())))
    return sorted(found, key=lambda row: -row[4])


def _baseline(dense: pd.Series, began: pd.Timestamp, rules: EpisodeRules) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Median of the same hour over the 30 days before, minute by minute; hours before recording began are unknown."""
    times = pd.DatetimeIndex(dense.index)
    known = dense.where(times.floor("h") >= began)
    table = pd.DataFrame({"value": known.to_numpy(), "day": times.floor("D"), "hour": times.hour})
    medians = np.zeros(len(dense))
    for _, rows in table.groupby("hour"):
        days = [group["value"].to_numpy() for _, group in rows.groupby("day")]
        per_day = []
        for day in range(len(days)):
            past = np.concatenate([[], *days[max(day - rules.baseline_days, 0) : day]])
            past = past[~np.isnan(past)]
            per_day.append(np.median(past) if len(past) else 0.0)
        medians[rows.index] = np.repeat(per_day, [len(day) for day in days])
    return np.maximum(medians, rules.baseline_floor_usd)


def _loop(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], baseline: np.ndarray[tuple[int], np.dtype[np.float64]], rules: EpisodeRules
) -> list[tuple[int, int]]:
    hot = values > np.maximum(rules.start_multiple * baseline, rules.minute_floor_usd)
    loud = values >= rules.end_multiple * baseline
    spans: list[tuple[int, int]] = []
    minute = 0
    while minute < len(values) - rules.start_minutes + 1:
        if not all(hot[minute + step] for step in range(rules.start_minutes)):
            minute += 1
            continue
        first = last = minute
        quiet = 0
        while minute < len(values) and quiet < rules.end_minutes:
            last, quiet = (minute, 0) if loud[minute] else (last, quiet + 1)
            minute += 1
        if spans and first - spans[-1][1] - 1 < rules.merge_minutes:
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    return [(first, last) for first, last in spans if values[first : last + 1].sum() >= rules.total_floor_usd]


def plain_map(positions: pd.DataFrame, market: str, bin_bps: float) -> pd.DataFrame:
    """USD per bin and side of one market at its last snapshot, from a frame of all snapshots."""
    last = positions[positions["block_number"] == positions["block_number"].max()]
    last = last[last["market"] == market]
    mark = last["mark_price"].iloc[0]
    bins = np.floor(np.log(last["liquidation_price"] / mark) / (bin_bps * 1e-4)).astype("int64")
    side = np.where(last["size"] > 0, "long", "short")
    notional = last["size"].abs() * last["mark_price"]
    return pd.DataFrame(notional.groupby([bins, side]).sum().unstack(fill_value=0.0))
