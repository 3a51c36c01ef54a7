"""M1: at which price an isolated position, and at which common shock a cross account, falls to its maintenance margin."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Bools, Floats, Ints, ModelInputError, floats, not_negative, same_length, sides


@dataclass(frozen=True, slots=True, eq=False)
class Legs:
    """Open positions of cross accounts, one row per leg: account number (0..accounts-1), side, base quantity, mark (USD) and maintenance
    rate."""

    account: Ints
    side: Ints
    quantity: Floats
    mark: Floats
    mmr: Floats

    def __post_init__(self) -> None:
        same_length(account=self.account, side=self.side, quantity=self.quantity, mark=self.mark, mmr=self.mmr)
        not_negative("quantity", self.quantity)

    @property
    def notional(self) -> Floats:
        """USD."""
        return self.quantity * self.mark


@dataclass(frozen=True, slots=True, eq=False)
class Tiers:
    """Maintenance by notional: for N in [floor_k, floor_k+1) it is rate_k * N - deduction_k (USD). Floors start at 0 and rise."""

    floor: Floats
    rate: Floats
    deduction: Floats

    def __post_init__(self) -> None:
        same_length(floor=self.floor, rate=self.rate, deduction=self.deduction)
        if len(self.floor) == 0 or self.floor[0] != 0 or (np.diff(self.floor) <= 0).any():
            raise ModelInputError("tier floors must start at 0 and rise")
        if ((self.rate < 0) | (self.rate >= 1)).any():
            raise ModelInputError("maintenance rates lie in [0, 1)")

    def maintenance(self, notional: Floats) -> Floats:
        """USD of maintenance margin for these notionals (USD)."""
        tier = np.searchsorted(self.floor, notional, side="right") - 1
        return self.rate[tier] * notional - self.deduction[tier]


def isolated(side: ArrayLike, quantity: ArrayLike, entry: ArrayLike, collateral: ArrayLike, mmr: ArrayLike) -> Floats:
    """p* = (s q e - m) / (q (s - mmr)), USD; nan when no positive price liquidates. `collateral` is net of fees and funding.

    A long with p* at or above the mark (a short at or below) is liquidatable already."""
    s = sides("side", side)
    q, e, m = floats("quantity", quantity), floats("entry", entry), floats("collateral", collateral)
    rate = np.broadcast_to(np.asarray(mmr, dtype=np.float64), s.shape)
    same_length(side=s, quantity=q, entry=e, collateral=m)
    not_negative("quantity", q)
    denominator = q * (s - rate)
    with np.errstate(divide="ignore", invalid="ignore"):
        price = (s * q * e - m) / denominator
    return np.where((denominator != 0) & (price > 0), price, np.nan)


def isolated_tiered(side: int, quantity: float, entry: float, collateral: float, mark: float, tiers: Tiers) -> float:
    """The first price from the mark in the direction of loss at which equity no longer exceeds tiered maintenance.

    The mark itself when that is so already; nan when no positive price does it. Steps between tiers count: a short may die on entering a
    tier."""
    s = int(sides("side", [side])[0])
    if _surplus(s, quantity, entry, collateral, np.array([mark]), tiers)[0] <= 0:
        return mark
    roots = (s * quantity * entry - collateral - tiers.deduction) / (quantity * (s - tiers.rate))
    edges = tiers.floor[1:] / quantity
    nudge = edges * (1 - s * 1e-12)
    candidates = np.concatenate([roots, nudge])
    candidates = candidates[(candidates > 0) & (s * (candidates - mark) <= 0)]
    tolerance = 1e-9 * (abs(collateral) + quantity * entry)
    dead = candidates[_surplus(s, quantity, entry, collateral, candidates, tiers) <= tolerance]
    return float(dead[np.argmin(np.abs(dead - mark))]) if len(dead) else float("nan")


def _surplus(side: int, quantity: float, entry: float, collateral: float, price: Floats, tiers: Tiers) -> Floats:
    return collateral + side * quantity * (price - entry) - tiers.maintenance(quantity * price)


def cross_shock(equity: ArrayLike, legs: Legs, beta: ArrayLike) -> Floats:
    """delta* = (E0 - MM0) / sum_j N_j beta_j (mmr_j - s_j) per account: the relative common move that brings equity to maintenance.

    `equity` USD per account, `beta` per leg. nan where no finite move does, or where a leg's price would have to pass zero;
    0 for an account already at or below maintenance. Negative means a fall of the common factor."""
    start = floats("equity", equity)
    slope = floats("beta", beta)
    same_length(beta=slope, leg=legs.account)
    accounts = len(start)
    maintenance = np.bincount(legs.account, weights=legs.mmr * legs.notional, minlength=accounts)
    drain = np.bincount(legs.account, weights=legs.notional * slope * (legs.mmr - legs.side), minlength=accounts)
    surplus = start - maintenance
    with np.errstate(divide="ignore", invalid="ignore"):
        shock = np.where(drain != 0, surplus / drain, np.nan)
    impossible = np.zeros(accounts, dtype=np.bool_)
    np.logical_or.at(impossible, legs.account, 1 + slope * shock[legs.account] <= 0)
    shock = np.where(impossible, np.nan, shock)
    return np.where(surplus <= 0, 0.0, shock)


def ceteris_paribus(equity: ArrayLike, legs: Legs) -> Floats:
    """Per leg, the price of its own market that liquidates its account while all other prices stand still; nan when unreachable.

    Legs are netted by the caller: one leg per account and market."""
    start = floats("equity", equity)
    maintenance = np.bincount(legs.account, weights=legs.mmr * legs.notional, minlength=len(start))
    surplus = (start - maintenance)[legs.account]
    drain = legs.notional * (legs.mmr - legs.side)
    with np.errstate(divide="ignore", invalid="ignore"):
        price = legs.mark * (1 + surplus / drain)
    price = np.where(surplus <= 0, legs.mark, price)
    return np.where((drain != 0) & (price > 0), price, np.nan)


def market_shock(equity: ArrayLike, legs: Legs, beta: ArrayLike) -> Floats:
    """Per leg, its market's price at the account's `cross_shock`: P_j (1 + beta_j delta*); nan when unreachable."""
    slope = floats("beta", beta)
    return legs.mark * (1 + slope * cross_shock(equity, legs, slope)[legs.account])


def ewma_betas(returns: ArrayLike, common: ArrayLike, half_life: float) -> Floats:
    """Betas of each column of `returns` (observations x assets) on the common return, exponentially weighted, newest last, means taken as
    0."""
    asset = np.asarray(returns, dtype=np.float64)
    factor = floats("common", common)
    if asset.ndim != 2 or len(asset) != len(factor):
        raise ModelInputError(f"returns of shape {asset.shape} do not match {len(factor)} common returns")
    if half_life <= 0:
        raise ModelInputError("the half-life must be positive")
    weight = 0.5 ** (np.arange(len(factor))[::-1] / half_life)
    variance = float(np.sum(weight * factor**2))
    if variance == 0:
        raise ModelInputError("the common return never moves: no beta")
    betas: Floats = (weight * factor) @ asset / variance
    return betas


def wrong_side(side: Ints, price: Floats, mark: Floats) -> Bools:
    """Legs whose account dies on the move that favours the leg (a hedge): forced flow in the other direction than the map's side
    suggests."""
    return np.where(side == 1, price > mark, price < mark)
