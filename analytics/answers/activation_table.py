"""Did the levels of the map pull the price through, or did it turn there? (M23) Levels crossed, and exposure against a permuted map."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.identity import AccountKey, MarketKey
from analytics.answers.liquidation_map import MapAnswer
from analytics.answers.map_skill import snapshot_for
from analytics.answers.map_table import Volatility, find_clusters, volatility_before
from analytics.answers.mapped_market import MappedMarket, mapped_markets
from analytics.answers.wave_table import Path, price_of
from analytics.answers.window import Window
from analytics.marts import mart
from analytics.models.activation import EFFECT, LEAST_PERMUTATIONS, P_VALUE, POWER, Crossing, Effect, crossing, effect
from analytics.models.arrays import Floats, Ints
from analytics.models.clusters import Cluster
from analytics.models.figure import Scope

LONGEST_HORIZON_S = 900.0
_STEP = 10e-4
"""Width of a bin as a log price, as of the map."""
_MOST_SNAPSHOTS = 50
_SEED = 20_251_010
_TIME = pa.timestamp("us")
_LEVELS = pa.schema(
    [
        ("chain_id", pa.int64()),
        ("venue", pa.string()),
        ("market", pa.string()),
        ("side", pa.string()),
        ("level_usd", pa.float64()),
        ("low_usd", pa.float64()),
        ("high_usd", pa.float64()),
        ("mapped_usd", pa.float64()),
        ("crossed_at", _TIME),
        ("label", pa.string()),
        ("onward_sigmas", pa.float64()),
        ("crossed_back", pa.bool_()),
        ("realised_usd", pa.float64()),
        ("realised_share", pa.float64()),
        ("horizon_s", pa.float64()),
        ("n", pa.int64()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)
_EFFECT = pa.schema(
    [
        ("chain_id", pa.int64()),
        ("venue", pa.string()),
        ("market", pa.string()),
        ("effect", pa.float64()),
        ("p_value", pa.float64()),
        ("least_detectable", pa.float64()),
        ("crossings", pa.int64()),
        ("snapshots", pa.int64()),
        ("permutations", pa.int64()),
        ("horizon_s", pa.float64()),
        ("note", pa.string()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)
NOT_REACHED = "not reached"

Liquidated = Mapping[AccountKey, list[tuple[float, float]]]
"""Account -> its liquidations as (Unix s, USD)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Study:
    """One market from its snapshot on: the price path after it, what was liquidated, volatility and horizon."""

    market: MarketKey
    answer: MapAnswer
    path: Path
    liquidated: Liquidated
    volatility: Volatility
    horizon_s: float


def activation(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Clusters of the window's snapshot, nearest first: crossed or not, activated or absorbed. `onward_sigmas` is Y1, `realised_share` Y3:
    USD of the cluster's own accounts liquidated within the horizon over the USD mapped; `n` positions in the cluster."""
    asked = window or Window()
    studies = _studies(lake, asked, underlying)
    rows = [_level(one, cluster) for one in studies for side in (1, -1) for cluster in find_clusters(one.answer, side, one.volatility)]
    notes = [
        "a level is a cluster's peak; activated: the price went on in the direction of the crossing and more than half of what was mapped "
        "there was liquidated within the horizon; absorbed: it crossed back within it; the horizon is 15 minutes or a tenth of what was "
        "recorded after the snapshot",
        "onward sigmas: return from the level to the end of the horizon, in the direction of the crossing, over its volatility; null where "
        "the record ends before it",
    ]
    return annotated(pa.Table.from_pylist(rows, _LEVELS), reason=_why(lake, asked, "no cluster stands out of the map"), notes=notes)


def activation_effect(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Per venue's market: does more mapped exposure at a bin make the price go on? Regression over the bins crossed, exposure from the last
    snapshot before, against the map shifted around at random under the same path."""
    asked = window or Window()
    rows = [_effect_row(lake, one, asked) for one in _studies(lake, asked, underlying)]
    notes = [f"{one.name}: {one.formula}{f'; {one.caveat}' if one.caveat else ''}" for one in (EFFECT, P_VALUE, POWER)]
    notes.append("controls: distance from the snapshot's mark, volatility before the crossing, hour, round numbers; bins of 10 bps")
    return annotated(pa.Table.from_pylist(rows, _EFFECT), reason=_why(lake, asked, "no prices after the snapshot"), notes=notes)


def _why(lake: duckdb.DuckDBPyConnection, window: Window, otherwise: str) -> str:
    if snapshot_for(lake, window) is None:
        return f"no snapshot of positions in or before {window.words}: activation needs a map"
    return otherwise


def _studies(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str | None) -> list[_Study]:
    snapshot = snapshot_for(lake, window)
    if snapshot is None:
        return []
    chosen = [market for market in mapped_markets(lake, snapshot.at) if underlying in (None, market.underlying)]
    return [study for market in chosen if (study := _study(lake, market, snapshot.at, window)) is not None]


def _study(lake: duckdb.DuckDBPyConnection, market: MappedMarket, snapshot_at: datetime, window: Window) -> _Study | None:
    answer = market.map_at(lake, snapshot_at)
    at = answer.taken_at or snapshot_at
    after = Window(at.replace(tzinfo=UTC), window.until)
    path = price_of(lake, after, market.underlying, market.key)
    volatility = volatility_before(lake, market.underlying, at, market.key)
    if answer.map is None or path is None or len(path.time) < 2 or volatility is None:
        return None
    horizon = min(LONGEST_HORIZON_S, float(path.time[-1] - path.time[0]) / 10)
    return _Study(market.key, answer, path, _liquidated(lake, market, after), volatility, horizon)


def _liquidated(lake: duckdb.DuckDBPyConnection, market: MappedMarket, window: Window) -> Liquidated:
    made: dict[AccountKey, list[tuple[float, float]]] = {}
    for side in ("long", "short"):
        asked = {"since": window.lake_since, "until": window.lake_until, "underlying": market.underlying, "side": side}
        for row in lake.execute(mart("victims"), asked).to_arrow_table().to_pylist():
            if MarketKey.of(row) == market.key:
                victim = AccountKey(row["chain_id"], row["venue"], row["victim"])
                made.setdefault(victim, []).append((row["unix_s"], row["notional_usd"]))
    return made


def _level(of: _Study, cluster: Cluster) -> dict[str, object]:
    accounts = _accounts(of.answer, cluster)
    found = _cross(of, cluster.peak, cluster.notional, accounts)
    moment = datetime.fromtimestamp(float(of.path.time[found.index]), UTC).replace(tzinfo=None) if found else None
    return {
        **of.market._asdict(),
        "side": "long" if cluster.side == 1 else "short",
        "level_usd": cluster.peak,
        "low_usd": cluster.low,
        "high_usd": cluster.high,
        "mapped_usd": cluster.notional,
        "crossed_at": moment,
        "label": str(found.label) if found else NOT_REACHED,
        "onward_sigmas": found.y1 if found else None,
        "crossed_back": found.y2 if found else None,
        "realised_usd": found.y3 * cluster.notional if found and found.y3 is not None else None,
        "realised_share": found.y3 if found else None,
        "horizon_s": of.horizon_s,
        "n": len(accounts),
        "quality": "exact",
        "window": f"from the {of.answer.map.scope.window}" if of.answer.map else "",
    }


def _accounts(answer: MapAnswer, cluster: Cluster) -> list[AccountKey]:
    assert answer.levels is not None  # the cluster was found on them
    levels = answer.levels
    inside = (levels.side == cluster.side) & (levels.price >= cluster.low) & (levels.price < cluster.high)
    return [account for account, chosen in zip(answer.accounts, inside.tolist(), strict=True) if chosen]


def _cross(of: _Study, level: float, mapped_usd: float, accounts: list[AccountKey]) -> Crossing | None:
    """The crossing with what the level's own accounts lost within the horizon after it; partial closes of one position add up."""
    first = crossing(of.path.time, of.path.price, level, of.horizon_s, of.volatility.sigma_hour, mapped_usd, 0.0)
    if first is None:
        return None
    since = float(of.path.time[first.index])
    realised = sum(usd for account in accounts for at, usd in of.liquidated.get(account, ()) if since <= at <= since + of.horizon_s)
    return crossing(of.path.time, of.path.price, level, of.horizon_s, of.volatility.sigma_hour, mapped_usd, realised)


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Maps of several snapshots on one grid of log prices: start times (Unix s), marks, and USD per snapshot and bin."""

    time: Floats
    mark: Floats
    density: Floats
    low: int


def _effect_row(lake: duckdb.DuckDBPyConnection, of: _Study, window: Window) -> dict[str, object]:
    scope = Scope(window.words, "exact")
    maps = _grid(lake, of)
    y1, row, column, controls = _crossings(of, maps)
    rng = np.random.default_rng(_SEED)
    found: Effect = effect(y1, row, column, maps.density, controls, scope, rng)
    return {
        **of.market._asdict(),
        "effect": found.effect.value,
        "p_value": found.p_value.value,
        "least_detectable": found.detectable.value,
        "crossings": len(y1),
        "snapshots": len(maps.time),
        "permutations": LEAST_PERMUTATIONS,
        "horizon_s": of.horizon_s,
        "note": found.effect.note or None,
        "quality": "exact",
        "window": window.words,
    }


def _grid(lake: duckdb.DuckDBPyConnection, of: _Study) -> _Grid:
    """At most 50 snapshots from the study's on, on bins that cover the path with half as much again on both sides."""
    last = datetime.fromtimestamp(float(of.path.time[-1]), UTC).replace(tzinfo=None)
    asked = {"since": of.answer.taken_at, "until": last, "most": _MOST_SNAPSHOTS, **of.market._asdict()}
    rows = lake.execute(mart("positions_between"), asked).to_arrow_table()
    at, mark, price, notional = (rows[name].to_numpy().astype(np.float64) for name in rows.column_names)
    lowest, highest = (float(np.log(edge)) for edge in (of.path.price.min(), of.path.price.max()))
    spread = max(highest - lowest, 50 * _STEP)
    low, high = int((lowest - spread / 2) // _STEP), int((highest + spread / 2) // _STEP) + 1
    time, row = np.unique(at, return_inverse=True)
    marks = np.bincount(row, weights=mark * notional) / np.bincount(row, weights=notional)
    reachable = np.isfinite(price) & (price > 0)
    column = np.floor(np.log(np.where(reachable, price, 1.0)) / _STEP).astype(np.int64) - low
    inside = reachable & (column >= 0) & (column < high - low)
    density = np.zeros((len(time), high - low))
    np.add.at(density, (row[inside], column[inside]), notional[inside])
    return _Grid(time, marks, density, low)


def _crossings(of: _Study, maps: _Grid) -> tuple[Floats, Ints, Ints, Floats]:
    """(Y1, snapshot row, bin column, controls) of every bin whose centre the path crosses with its whole horizon on record."""
    outcomes: list[float] = []
    places: list[tuple[int, int]] = []
    controls: list[tuple[float, ...]] = []
    for column in range(maps.density.shape[1]):
        level = float(np.exp((maps.low + column + 0.5) * _STEP))
        found = crossing(of.path.time, of.path.price, level, of.horizon_s, of.volatility.sigma_hour, 0.0, 0.0)
        if found is None or found.y1 is None:
            continue
        at = float(of.path.time[found.index])
        row = max(int(np.searchsorted(maps.time, at, side="left")) - 1, 0)
        outcomes.append(found.y1)
        places.append((row, column))
        controls.append((abs(np.log(level / maps.mark[row])), _trailing(of, found.index), float(at // 3600 % 24), _is_round(level)))
    crossed = np.array(places, np.int64).reshape(-1, 2)
    return np.array(outcomes), crossed[:, 0], crossed[:, 1], _varying(np.array(controls).reshape(len(places), -1))


def _trailing(of: _Study, index: int) -> float:
    """Realised volatility over the horizon before a crossing."""
    begin = int(np.searchsorted(of.path.time, of.path.time[index] - of.horizon_s))
    return float(np.sqrt(np.sum(np.diff(np.log(of.path.price[begin : index + 1])) ** 2)))


def _is_round(level: float) -> float:
    """1 where the bin around the level holds a multiple of half a power of ten: 85,000 and 2,500 are round."""
    step = 10 ** np.floor(np.log10(level)) / 2
    return float(abs(level / step - round(level / step)) * step <= level * _STEP / 2)


def _varying(controls: Floats) -> Floats:
    """Without the columns that are the same at every crossing: they explain nothing and would stand in for the intercept."""
    return controls[:, np.ptp(controls, axis=0) > 0] if len(controls) else controls
