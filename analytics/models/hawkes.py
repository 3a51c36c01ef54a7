"""The exponential Hawkes process: intensity mu(t) + sum n beta e^(-beta (t - t_i)), its likelihood, simulation and residuals."""

from dataclasses import dataclass

import numpy as np

from analytics.models.arrays import Floats, ModelInputError, increasing


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """Piecewise constant base rate: `edges` (K+1, from 0 to T) and `rate` (K, events per s)."""

    edges: Floats
    rate: Floats

    def piece(self, times: Floats) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Index of the piece each time lies in."""
        return np.clip(np.searchsorted(self.edges, times, side="right") - 1, 0, len(self.edges) - 2)

    def integral(self, times: Floats) -> Floats:
        """Integral of the rate from 0 to each time."""
        cumulative = np.concatenate([[0.0], np.cumsum(self.rate * np.diff(self.edges))])
        reached: Floats = np.interp(times, self.edges, cumulative)
        return reached


def check(times: Floats, end: float) -> None:
    """ModelInputError unless times are strictly increasing within [0, end]. Ties must be made marks first: they drive beta to infinity."""
    increasing("event times (merge block ties first)", times, strictly=True)
    if len(times) and (times[0] < 0 or times[-1] > end):
        raise ModelInputError(f"events must lie in [0, {end}]")


def excitation(times: Floats, beta: float) -> tuple[Floats, Floats]:
    """(A, B): A_i = sum_{j<i} e^{-beta d_ij} and B_i = sum_{j<i} d_ij e^{-beta d_ij}, d_ij = t_i - t_j, by their recursion, O(N).

    A plain loop over Python floats: faster here than chunks of cumulated exponentials as soon as beta is large."""
    gaps = np.diff(times)
    a, b = 0.0, 0.0
    sums, moments = [0.0], [0.0]
    for gap, decay in zip(gaps.tolist(), np.exp(-beta * gaps).tolist(), strict=True):
        b = decay * (b + gap * (a + 1.0))
        a = decay * (a + 1.0)
        sums.append(a)
        moments.append(b)
    return np.array(sums[: len(times)]), np.array(moments[: len(times)])


def log_likelihood(times: Floats, end: float, base: Base, branching: float, beta: float) -> tuple[float, Floats]:
    """(log L, gradient with respect to [rate_1..rate_K, n, beta]). log L = sum ln lambda(t_i) - integral mu - n sum(1 -
    e^{-beta(T-t_i)})."""
    a, b = excitation(times, beta)
    piece = base.piece(times)
    intensity = base.rate[piece] + branching * beta * a
    remaining = end - times
    tail = np.exp(-beta * remaining)
    widths = np.diff(base.edges)
    value = float(np.log(intensity).sum() - base.rate @ widths - branching * (1 - tail).sum())
    by_rate = np.bincount(piece, weights=1 / intensity, minlength=len(widths)) - widths
    by_branching = float((beta * a / intensity).sum() - (1 - tail).sum())
    by_beta = float((branching * (a - beta * b) / intensity).sum() - branching * (remaining * tail).sum())
    return value, np.concatenate([by_rate, [by_branching, by_beta]])


def compensator_increments(times: Floats, base: Base, branching: float, beta: float) -> Floats:
    """Integrals of the intensity between successive events: independent Exp(1) when the model is right."""
    a, _ = excitation(times, beta)
    just_after_previous = np.concatenate([[0.0], a[:-1] + 1]) if len(times) else a
    total = base.integral(times)
    return np.diff(total, prepend=0.0) + branching * (just_after_previous - a)


def simulate(base: Base, branching: float, beta: float, rng: np.random.Generator) -> Floats:
    """Event times on [0, base end] by the cluster representation: Poisson immigrants, each event with Poisson(n) children after
    Exp(beta)."""
    if not 0 <= branching < 1:
        raise ModelInputError("only a subcritical process can be simulated to its end")
    end = float(base.edges[-1])
    widths = np.diff(base.edges)
    counts = rng.poisson(base.rate * widths)
    generation = np.repeat(base.edges[:-1], counts) + rng.random(int(counts.sum())) * np.repeat(widths, counts)
    family = [generation]
    while len(generation):
        parents = np.repeat(generation, rng.poisson(branching, len(generation)))
        born = parents + rng.exponential(1 / beta, len(parents))
        generation = born[born <= end]
        family.append(generation)
    return np.sort(np.concatenate(family))


def constant(rate: float, end: float) -> Base:
    """A base rate that does not vary on [0, end]."""
    return Base(np.array([0.0, end]), np.array([rate]))
