"""How much larger the move became than what started it, three ways side by side; their disagreement is the uncertainty (M9, M11)."""

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.answers.annotated import annotated, reason_of
from analytics.answers.ledger import headline
from analytics.answers.pools import pools_note
from analytics.answers.structure_table import Structure, structures
from analytics.answers.wave_table import Series, largest_series, observed_amplification, series_of
from analytics.answers.window import Window
from analytics.models.amplification import GAIN, HAWKES, OBSERVED, Amplification, from_branching
from analytics.models.arrays import Floats
from analytics.models.branching import (
    LEAST_EVENTS,
    RATIO,
    SANITY,
    Fit,
    fit,
    fit_piecewise,
    jitter,
    merge_ties,
    null_p_value,
    ratio_from_counts,
)
from analytics.models.figure import Figure, Scope

_MOST_EVENTS = 20_000
_MOST_FOR_NULL, _NULL_RUNS = 500, 39
_COUNT_BINS = 40
_SEED = 20_251_010
_SCHEMA = pa.schema(
    [
        ("underlying", pa.string()),
        ("side", pa.string()),
        ("amplification_gain", pa.float64()),
        ("amplification_observed", pa.float64()),
        ("amplification_hawkes", pa.float64()),
        ("spread_ratio", pa.float64()),
        ("branching_ratio", pa.float64()),
        ("branching_low", pa.float64()),
        ("branching_high", pa.float64()),
        ("branching_by_counts", pa.float64()),
        ("base_rate_pieces", pa.int64()),
        ("poisson_null_p", pa.float64()),
        ("residual_ks_p", pa.float64()),
        ("events", pa.int64()),
        ("n", pa.int64()),
        ("note", pa.string()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class _Timing:
    """What the times alone say: the fit, its branching ratio, how often a Poisson process of the same rate looks as clustered, and the
    ratio by counts in 40 bins."""

    fit: Fit | None
    ratio: Figure
    null_p: float | None
    by_counts: Figure


def amplification(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """For the six largest series of the window: A_gain (map and depth of the asset's largest mapped market), A_obs (prices), A_hawkes
    (timing), their spread, and the branching ratio with its 95 % interval and residual test. `events` are moments with liquidations, `n`
    the liquidations."""
    asked = window or Window()
    ranked = headline(lake, asked, underlying)
    if ranked.num_rows == 0:
        return annotated(pa.Table.from_pylist([], _SCHEMA), reason=reason_of(ranked))
    simulated = {(one.market.underlying, one.side): one for one in sorted(structures(lake, asked, underlying), key=_mapped_usd)}
    rows = [
        _row(asked, name, side, found, simulated.get((name, side)))
        for name, side in largest_series(ranked)
        if (found := series_of(lake, asked, name, side)) is not None
    ]
    notes = [f"{one.name}: {one.formula}; {one.caveat}" for one in (GAIN, OBSERVED, HAWKES, RATIO, SANITY)]
    notes.append(
        "branching: one event per moment with liquidations (block or stamp), spread evenly at random within blocks; the base rate is cut "
        "into pieces where that explains more (BIC); a residual p below 0.05 says that the model does not fit, a null p above it that a "
        f"Poisson process of the same varying rate looks as clustered (asked up to {_MOST_FOR_NULL} events); "
        f"at most {_MOST_EVENTS:,} events a series"
    )
    notes.append(pools_note(lake))
    reason = "an amplification needs at least two prices and two liquidations of one side"
    return annotated(pa.Table.from_pylist(rows, _SCHEMA), reason=reason, notes=notes)


def _mapped_usd(one: Structure) -> float:
    return float(one.notional.sum())


def _row(window: Window, name: str, side: int, of: Series, simulated: Structure | None) -> dict[str, object]:
    scope = Scope(window.words, of.quality)
    timing = _timing(of, scope)
    ratio = timing.ratio
    gained = simulated.amplification if simulated else GAIN.figure(None, scope, 0, note="no map with depth before it")
    three = Amplification(gained, observed_amplification(of, side, window), from_branching(ratio))
    low, high = ratio.interval or (None, None)
    unknown = (figure for figure in (three.gain, three.observed, three.hawkes) if figure.value is None)
    fitted = timing.fit
    return {
        "underlying": name,
        "side": "long" if side == 1 else "short",
        "amplification_gain": three.gain.value,
        "amplification_observed": three.observed.value,
        "amplification_hawkes": three.hawkes.value,
        "spread_ratio": three.spread,
        "branching_ratio": None if ratio.value is None else round(ratio.value, 4),
        "branching_low": low,
        "branching_high": high,
        "branching_by_counts": timing.by_counts.value,
        "base_rate_pieces": len(fitted.base.rate) if fitted else None,
        "poisson_null_p": timing.null_p,
        "residual_ks_p": fitted.ks_p if fitted else None,
        "events": ratio.n,
        "n": len(of.time),
        "note": "; ".join(f"{figure.name}: {figure.note}" for figure in unknown) or None,
        "quality": of.quality,
        "window": window.words,
    }


def _timing(of: Series, scope: Scope) -> _Timing:
    """The fit over the series' own span, from its first to its last event."""
    times = _events(of)
    if len(times) < LEAST_EVENTS:
        missing = f"{len(times)} events, {LEAST_EVENTS} needed"
        return _Timing(
            None, RATIO.figure(None, scope, len(times), note=missing), None, SANITY.figure(None, scope, len(times), note=missing)
        )
    kept = times[:_MOST_EVENTS] - times[0]
    end = float(kept[-1])
    found = fit_piecewise(kept, end, scope)
    small = len(kept) <= _MOST_FOR_NULL
    null_p = null_p_value(fit(kept, end, scope), found, end, np.random.default_rng(_SEED), _NULL_RUNS) if small else None
    return _Timing(found, found.ratio, null_p, ratio_from_counts(kept, end, end / _COUNT_BINS, scope))


def _events(of: Series) -> Floats:
    """Strictly rising times (s): liquidations of one moment on one chain are one event. A recorded venue counts as a chain of its own."""
    chains = pc.coalesce(pc.cast(of.victims["chain_id"], pa.string()), of.victims["venue"]).to_numpy()
    blocks = of.victims["block_number"]
    rng = np.random.default_rng(_SEED)
    parts = [
        _chain_events(of.time[mine], blocks.filter(pa.array(mine)), of.notional[mine], rng)
        for mine in (chains == chain for chain in np.unique(chains))
    ]
    return np.unique(np.concatenate(parts))


def _chain_events(time: Floats, blocks: pa.ChunkedArray, notional: Floats, rng: np.random.Generator) -> Floats:
    """Spread evenly at random within blocks as long as the median gap between them; the times themselves where blocks are not known."""
    if blocks.null_count:
        return time
    numbers = blocks.to_numpy()
    merged = merge_ties(time, numbers, notional).time
    length = float(np.median(np.diff(merged) / np.diff(np.unique(numbers)))) if len(merged) > 1 else 0.0
    return jitter(merged, length, rng)
