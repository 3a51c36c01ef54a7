"""M0: is the event table one-sided, and what are its headline totals?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.models.arrays import Floats, Ints, ModelInputError, floats, not_negative, same_length, sides
from analytics.models.figure import Definition, Figure, Scope

_LEAST_SECONDS = 8
"""Eight seconds that are all even by chance have probability 2^-8 (0.4 %): below that the test says nothing."""

TOTAL = Definition(
    "M0",
    "liquidated notional",
    "USD",
    "sum of N over one row per victim fill, stage trader",
    "counts are a lower bound where the feed is sampled",
)
LONG_SHARE = Definition("M0", "long share", "1", "sum N of long victims / sum N")
LARGEST = Definition("M0", "largest liquidation", "USD", "max N over victim rows")
OVERDRAWN = Definition(
    "M0",
    "victim quantity over open interest",
    "1",
    "sum victim q / (OI before + opened)",
    "above 1 the table repeats positions or misses openings",
)


@dataclass(frozen=True, slots=True)
class Parity:
    """The both-sided test on counts per second. `both_sided` is None when there are too few seconds to tell."""

    seconds: int
    liquidation_only: int
    liquidation_only_even: int
    with_adl: int
    with_adl_consistent: int
    both_sided: bool | None


@dataclass(frozen=True, slots=True)
class Headline:
    """Totals of one quality and one stage; totals of different quality or stage are never added."""

    quality: str
    stage: str
    total: Figure
    long_share: Figure
    largest: Figure


def parity(second: ArrayLike, is_adl: ArrayLike) -> Parity:
    """Spec section 0: a log that prints a fill once per side has an even count in every second, and liquidation rows minus ADL rows even
    and >= 0.

    `second` (integers) and `is_adl` (booleans) are row-wise."""
    seconds = np.asarray(second, dtype=np.int64)
    adl = np.asarray(is_adl, dtype=np.bool_)
    same_length(second=seconds, is_adl=adl)
    _, index = np.unique(seconds, return_inverse=True)
    count = int(index.max()) + 1 if len(index) else 0
    adl_rows = np.bincount(index, weights=adl, minlength=count).astype(np.int64)
    liquidation_rows = np.bincount(index, minlength=count) - adl_rows
    alone = adl_rows == 0
    even = liquidation_rows[alone] % 2 == 0
    surplus = (liquidation_rows - adl_rows)[~alone]
    consistent = (surplus >= 0) & (surplus % 2 == 0)
    verdict = bool(even.all() and consistent.all()) if count >= _LEAST_SECONDS else None
    return Parity(count, int(alone.sum()), int(even.sum()), int((~alone).sum()), int(consistent.sum()), verdict)


def one_sided(liquidations: float, adl: float) -> float:
    """The one-sided amount (or count) of a both-sided log: (liquidations - ADL) / 2 + ADL. Exact for integer counts up to 2^52."""
    if adl < 0 or liquidations < adl:
        raise ModelInputError(f"a both-sided log has liquidation rows >= ADL rows >= 0, not {liquidations} and {adl}")
    return (liquidations - adl) / 2 + adl


def zero_pnl_excess(pnl: ArrayLike, liquidation_rows: int, adl_rows: int) -> tuple[int, float]:
    """(rows with exactly zero PnL, counterparties a both-sided log predicts): near-equal numbers confirm the doubling."""
    values = floats("pnl", pnl)
    return int((values == 0).sum()), (liquidation_rows - adl_rows) / 2


def headlines(
    notional: ArrayLike, side: ArrayLike, quality: NDArray[np.str_], stage: NDArray[np.str_], window: str
) -> tuple[Headline, ...]:
    """One headline per (quality, stage), largest total first. `notional` USD, `side` +1 long victim / -1 short victim."""
    amounts, victim = floats("notional", notional), sides("side", side)
    not_negative("notional", amounts)
    same_length(notional=amounts, side=victim, quality=quality, stage=stage)
    groups = sorted({(str(q), str(s)) for q, s in zip(quality, stage, strict=True)})
    made = [_headline(amounts[mask], victim[mask], Scope(window, q), s) for q, s in groups if (mask := (quality == q) & (stage == s)).any()]
    return tuple(sorted(made, key=lambda row: -(row.total.value or 0.0)))


def _headline(amounts: Floats, victim: Ints, scope: Scope, stage: str) -> Headline:
    total = float(amounts.sum())
    longs = float(amounts[victim == 1].sum())
    n = len(amounts)
    note = "" if stage == "trader" else f"stage {stage}: inventory unwind, not victims"
    share = LONG_SHARE.figure(longs / total if total > 0 else None, scope, n)
    return Headline(scope.quality, stage, TOTAL.figure(total, scope, n, note=note), share, LARGEST.figure(float(amounts.max()), scope, n))


def overdrawn(victim_quantity: ArrayLike, open_interest_before: float, opened: float, scope: Scope) -> Figure:
    """Victim base quantity over what could have been liquidated; a value above 1 fails the ledger check."""
    quantity = floats("victim_quantity", victim_quantity)
    not_negative("victim_quantity", quantity)
    available = open_interest_before + opened
    return OVERDRAWN.figure(float(quantity.sum()) / available if available > 0 else None, scope, len(quantity))
