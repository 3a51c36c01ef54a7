"""M7: episodes, stretches in which one side of one underlying is liquidated far above what is usual for that hour of the day."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analytics.models.arrays import Bools, Floats, Ints, ModelInputError, increasing, not_negative, same_length
from analytics.models.baseline import hourly_median
from analytics.models.figure import Definition, Figure, Scope

SAMPLED = "a sampled feed is a lower bound"
TOTAL = Definition("M7", "episode notional", "USD", "sum of victim USD from start to end, all venues, one side", SAMPLED)
PEAK_SHARE = Definition("M7", "top-minute share", "1", "largest minute / sum over the episode", SAMPLED)
LONG_SHARE = Definition("M7", "long share", "1", "long victim USD / both sides, over the episode's minutes", SAMPLED)
MOVE = Definition(
    "M7",
    "price move",
    "1",
    "extreme minute price against the victims / first minute price - 1",
    "mean prices of the liquidations themselves",
)
RATE = Definition(
    "M7",
    "burst rate ratio",
    "1",
    "USD per minute inside the burst / USD per minute of the rest",
    "the rest must belong to the same window and count",
)


@dataclass(frozen=True, slots=True)
class EpisodeRules:
    """Thresholds of M7. Floors in USD: per minute to start, and for a whole episode to be kept; the baseline's floor is the start floor /
    multiple."""

    minute_floor_usd: float = 100_000.0
    total_floor_usd: float = 500_000.0
    start_multiple: float = 10.0
    start_minutes: int = 2
    end_multiple: float = 2.0
    end_minutes: int = 5
    merge_minutes: int = 10
    baseline_days: int = 30

    def __post_init__(self) -> None:
        if not 0 < self.end_multiple <= self.start_multiple or self.minute_floor_usd <= 0:
            raise ModelInputError("need 0 < end multiple <= start multiple and a positive minute floor")

    @property
    def baseline_floor_usd(self) -> float:
        """USD per minute below which the baseline never falls."""
        return self.minute_floor_usd / self.start_multiple


@dataclass(frozen=True, slots=True, eq=False)
class MinuteBars:
    """Victim USD per minute of one (underlying, side) over all venues. `minute` counts from the Unix epoch, empty minutes may be absent.

    `price`: mean liquidation price of the minute (USD, nan unknown); `venues`: bit k set where `venue_names[k]` liquidated.
    `quality` names every quality that went in; sampled and exact never merge into an unlabelled number."""

    underlying: str
    side: int
    minute: Ints
    notional: Floats
    price: Floats
    venues: Ints
    venue_names: tuple[str, ...]
    quality: str

    def __post_init__(self) -> None:
        same_length(minute=self.minute, notional=self.notional, price=self.price, venues=self.venues)
        increasing("minute", self.minute, strictly=True)
        not_negative("notional", self.notional)

    def between(self, first: int, stop: int) -> slice:
        """The bars with first <= minute < stop."""
        lo, hi = np.searchsorted(self.minute, [first, stop])
        return slice(int(lo), int(hi))


@dataclass(frozen=True, slots=True)
class Episode:
    """Minutes from `start` up to, not including, `stop`. `baseline_days`: days of history the baseline had (30 when complete)."""

    underlying: str
    side: int
    start: int
    stop: int
    total: Figure
    peak_minute: int
    peak_usd: float
    peak_share: Figure
    long_share: Figure
    price_move: Figure
    venues: tuple[str, ...]
    baseline_days: int


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """One cell of the 3x3 table: how many episodes, with how much USD, other thresholds would give."""

    start_multiple: float
    minute_floor_usd: float
    episodes: int
    total_usd: float


@dataclass(frozen=True, slots=True)
class Survey:
    """Episodes, largest first, with the 3x3 table: start multiple {1/2, 1, 2} x minute floor {1/2, 1, 2}, each with its own baseline
    floor."""

    episodes: tuple[Episode, ...]
    sensitivity: tuple[Sensitivity, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Screened:
    """The bars loud enough to matter at any of the thresholds in use, with their 30-day medians (USD)."""

    bars: MinuteBars
    minute: Ints
    notional: Floats
    median: Floats
    days: Ints
    cumulative: Floats


def survey(series: Sequence[MinuteBars], rules: EpisodeRules, recorded_from: int, window: str) -> Survey:
    """Episodes of every series and how many other thresholds would have given.

    `recorded_from`: the minute recording began; earlier minutes are unknown, not zero."""
    opposite = {(bars.underlying, bars.side): bars for bars in series}
    least = replace(rules, minute_floor_usd=rules.minute_floor_usd / 2, start_multiple=rules.start_multiple * 2)
    screened = [_screen(bars, least, recorded_from) for bars in series]
    found = [
        _episode(one, opposite.get((one.bars.underlying, -one.bars.side)), first, last, window)
        for one in screened
        for first, last, _ in zip(*(column.tolist() for column in _spans(one, rules)), strict=True)
    ]
    largest_first = tuple(sorted(found, key=lambda episode: (-(episode.total.value or 0.0), episode.start)))
    table = tuple(_cell(screened, rules, multiple, floor) for multiple in (0.5, 1.0, 2.0) for floor in (0.5, 1.0, 2.0))
    return Survey(largest_first, table)


def _cell(screened: Sequence[_Screened], rules: EpisodeRules, multiple: float, floor: float) -> Sensitivity:
    start = max(rules.start_multiple * multiple, rules.end_multiple)
    variant = replace(rules, start_multiple=start, minute_floor_usd=rules.minute_floor_usd * floor)
    totals = np.concatenate([np.zeros(0), *(_spans(one, variant)[2] for one in screened)])
    return Sensitivity(variant.start_multiple, variant.minute_floor_usd, len(totals), float(totals.sum()))


def _screen(bars: MinuteBars, rules: EpisodeRules, recorded_from: int) -> _Screened:
    loud = bars.notional >= rules.end_multiple * rules.baseline_floor_usd
    minute = bars.minute[loud]
    median, days = hourly_median(bars.minute, bars.notional, minute, recorded_from, rules.baseline_days)
    return _Screened(bars, minute, bars.notional[loud], median, days, np.concatenate([[0.0], np.cumsum(bars.notional)]))


def _spans(of: _Screened, rules: EpisodeRules) -> tuple[Ints, Ints, Floats]:
    """(first minute, last minute inclusive, USD) of merged and kept episodes."""
    base = np.maximum(of.median, rules.baseline_floor_usd)
    loud = of.notional >= rules.end_multiple * base
    minute, notional, base = of.minute[loud], of.notional[loud], base[loud]
    hot = notional > np.maximum(rules.start_multiple * base, rules.minute_floor_usd)
    starts = _run_starts(minute, hot, rules.start_minutes)
    group = np.concatenate([[0], np.cumsum(np.diff(minute) > rules.end_minutes)])
    owner, first_of = np.unique(group[starts], return_index=True)
    first, last = minute[starts[first_of]], minute[np.searchsorted(group, owner, side="right") - 1]
    apart = first[1:] - last[:-1] - 1 >= rules.merge_minutes
    first, last = first[np.concatenate([[True], apart])[: len(first)]], last[np.concatenate([apart, [True]])[: len(last)]]
    total = of.cumulative[np.searchsorted(of.bars.minute, last + 1)] - of.cumulative[np.searchsorted(of.bars.minute, first)]
    kept = total >= rules.total_floor_usd
    return first[kept], last[kept], total[kept]


def _run_starts(minute: Ints, hot: Bools, length: int) -> Ints:
    """Positions at which `length` consecutive hot minutes begin."""
    count = len(minute) - length + 1
    if count <= 0:
        return np.zeros(0, np.int64)
    begins = minute[length - 1 :] - minute[:count] == length - 1
    for offset in range(length):
        begins &= hot[offset : offset + count]
    return np.flatnonzero(begins).astype(np.int64)


def _episode(of: _Screened, other: MinuteBars | None, first: int, last: int, window: str) -> Episode:
    bars = of.bars
    rows = bars.between(first, last + 1)
    inside = bars.notional[rows]
    total, n = float(inside.sum()), len(inside)
    across = float(other.notional[other.between(first, last + 1)].sum()) if other is not None else 0.0
    scope = Scope(window, bars.quality)
    peak = int(np.argmax(inside))
    longs = total if bars.side == 1 else across
    mask = int(np.bitwise_or.reduce(bars.venues[rows]))
    return Episode(
        bars.underlying,
        bars.side,
        first,
        last + 1,
        TOTAL.figure(total, scope, n),
        int(bars.minute[rows][peak]),
        float(inside[peak]),
        PEAK_SHARE.figure(float(inside[peak]) / total, scope, n),
        LONG_SHARE.figure(longs / (total + across), scope, n),
        _price_move(bars.price[rows], bars.side, scope),
        tuple(name for bit, name in enumerate(bars.venue_names) if mask >> bit & 1),
        int(of.days[np.searchsorted(of.minute, first)]),
    )


def _price_move(price: Floats, side: int, scope: Scope) -> Figure:
    """Longs are hurt by the lowest price, shorts by the highest."""
    known = price[np.isfinite(price)]
    if not len(known):
        return MOVE.figure(None, scope, 0, note="no prices")
    extreme = known.min() if side == 1 else known.max()
    return MOVE.figure(float(extreme / known[0]) - 1, scope, len(known))


def top_share(part: float, whole: float) -> float:
    """Share of a part (the peak minute, a burst) in a total; ModelInputError unless 0 <= part <= whole > 0."""
    if not 0 <= part <= whole or whole <= 0:
        raise ModelInputError(f"{part} is no part of {whole}")
    return part / whole


def burst_rate(burst_usd: float, burst_minutes: float, total_usd: float, total_minutes: float, scope: Scope) -> Figure:
    """How many times faster the burst liquidated than the rest of its window."""
    rest = (total_usd - burst_usd) / (total_minutes - burst_minutes)
    return RATE.figure(burst_usd / burst_minutes / rest if rest > 0 else None, scope, 2)
