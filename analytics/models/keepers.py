"""M25: competition between liquidators: latency in blocks, reward, gas, shares, win rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.models.arrays import Bools, Floats, Ints, floats, same_length
from analytics.models.concentration import Concentration, concentration
from analytics.models.figure import Definition, Figure, Scope
from analytics.models.resilience import Survival, survival

LATENCY = Definition(
    "M25", "median latency", "blocks", "block of execution - first block executable at the on-chain price", "known opportunities only"
)
ZERO_BLOCK = Definition("M25", "zero-block share", "1", "executed in the first executable block / executed")
NEVER = Definition("M25", "censored share", "1", "opportunities never executed while observed / all")
REWARD = Definition("M25", "rewards", "USD", "sum of liquidation rewards")
GAS = Definition("M25", "gas", "USD", "sum of gas cost, reverted attempts included")
TIP_SHARE = Definition("M25", "tip share", "1", "(priority fees + bribes) / gross reward")
NET = Definition("M25", "net result", "USD", "reward - gas - tips")
WIN_RATE = Definition(
    "M25", "win rate", "1", "own executions / detectable opportunities", "detectable: executable in at least one block that was seen"
)

_ENGINE = "the venue's own engine liquidates: there is no keeper race"


@dataclass(frozen=True, slots=True, eq=False)
class Opportunities:
    """One row per opportunity: first executable block, block of execution (-1: never while observed), last observed block."""

    executable: Ints
    executed: Ints
    observed_until: Ints

    def __post_init__(self) -> None:
        same_length(executable=self.executable, executed=self.executed, observed_until=self.observed_until)

    @property
    def done(self) -> Bools:
        """Which were executed."""
        return self.executed >= 0


@dataclass(frozen=True, slots=True, eq=False)
class Latency:
    """Latency of executed opportunities, the share done at once, the share never done, and the curve that counts the censored ones."""

    median: Figure
    zero_block: Figure
    never: Figure
    waiting: Survival | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the race paid and cost in total."""

    reward: Figure
    gas: Figure
    tip_share: Figure
    net: Figure
    reverted: int


@dataclass(frozen=True, slots=True)
class Share:
    """One beneficial owner's part."""

    owner: str
    count: int
    reward_usd: float
    count_share: float
    reward_share: float


def latency(of: Opportunities, scope: Scope, *, engine_liquidated: bool = False) -> Latency:
    """Latency figures; all None (not 0) where the venue's engine liquidates."""
    n, done = len(of.executable), of.done
    if engine_liquidated or n == 0:
        note = _ENGINE if engine_liquidated else "no opportunities"
        return Latency(
            LATENCY.figure(None, scope, n, note=note),
            ZERO_BLOCK.figure(None, scope, n, note=note),
            NEVER.figure(None, scope, n, note=note),
            None,
        )
    waited = (np.where(done, of.executed, of.observed_until) - of.executable).astype(np.float64)
    executed = int(done.sum())
    median = float(np.median(waited[done])) if executed else None
    at_once = float((waited[done] <= 0).mean()) if executed else None
    curve = survival(np.maximum(waited, 0.0), done, scope)
    return Latency(
        LATENCY.figure(median, scope, executed),
        ZERO_BLOCK.figure(at_once, scope, executed),
        NEVER.figure(1 - executed / n, scope, n),
        curve,
    )


def ledger(reward: ArrayLike, gas: ArrayLike, tips: ArrayLike, reverted: ArrayLike, scope: Scope) -> Ledger:
    """Totals over attempts (USD each); `reverted` marks attempts that failed: they have gas and no reward."""
    r, g, t = floats("reward", reward), floats("gas", gas), floats("tips", tips)
    failed = np.asarray(reverted, dtype=np.bool_)
    n = same_length(reward=r, gas=g, tips=t, reverted=failed)
    gross = float(r.sum())
    share = float(t.sum()) / gross if gross > 0 else None
    net = gross - float(g.sum()) - float(t.sum())
    return Ledger(
        REWARD.figure(gross, scope, n),
        GAS.figure(float(g.sum()), scope, n),
        TIP_SHARE.figure(share, scope, n),
        NET.figure(net, scope, n),
        int(failed.sum()),
    )


def shares(owner: NDArray[np.str_], reward: ArrayLike, scope: Scope) -> tuple[tuple[Share, ...], Concentration]:
    """Per beneficial owner (addresses already clustered), most liquidations first, and the concentration of their counts."""
    paid = floats("reward", reward)
    same_length(owner=owner, reward=paid)
    names, index = np.unique(owner, return_inverse=True)
    counts = np.bincount(index, minlength=len(names))
    rewards: Floats = np.bincount(index, weights=paid, minlength=len(names)).astype(np.float64)
    total = float(rewards.sum())
    order = np.argsort(-counts, kind="stable")
    rows = tuple(
        Share(
            str(names[i]),
            int(counts[i]),
            float(rewards[i]),
            float(counts[i] / counts.sum()),
            float(rewards[i]) / total if total > 0 else 0.0,
        )
        for i in order
    )
    return rows, concentration(counts, scope)


def win_rate(won: int, detectable: int, scope: Scope, *, engine_liquidated: bool = False) -> Figure:
    """Own share of the opportunities one could have seen; None without any, or on engine-liquidated venues. Interval: Wilson, 95 %."""
    if engine_liquidated or detectable == 0:
        return WIN_RATE.figure(None, scope, detectable, note=_ENGINE if engine_liquidated else "no detectable opportunities")
    rate, z2 = won / detectable, 1.96**2
    centre = (rate + z2 / (2 * detectable)) / (1 + z2 / detectable)
    half = 1.96 / (1 + z2 / detectable) * float(np.sqrt(rate * (1 - rate) / detectable + z2 / (4 * detectable**2)))
    return WIN_RATE.figure(rate, scope, detectable, interval=(centre - half, centre + half))
