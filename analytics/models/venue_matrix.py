"""The linear core of several venues: M = A(theta) diag(D)^-1 E diag(rho) O, x = (I - M)^-1 x0 (spec section 4)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.models.arrays import Floats, ModelInputError, floats, not_negative, same_length

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class VenueMatrix:
    """M with the densities it was built from. rho and D in base per USD of price, one entry per venue."""

    matrix: Matrix
    rho: Floats
    depth: Floats
    oracle: Matrix

    @property
    def spectral_radius(self) -> float:
        """R(M); the market is stable iff it is below 1."""
        return float(np.abs(np.linalg.eigvals(self.matrix)).max())

    def displacement(self, x0: ArrayLike) -> Floats:
        """Final displacement per venue (USD); ModelInputError when R(M) >= 1, where none exists."""
        start = floats("x0", x0)
        if self.spectral_radius >= 1:
            raise ModelInputError(f"unstable: spectral radius {self.spectral_radius:.4g} >= 1")
        rest: Floats = np.linalg.solve(np.eye(len(start)) - self.matrix, start).astype(np.float64)
        return rest

    def wave(self, x0: ArrayLike, number: int) -> Floats:
        """Displacement added by wave k: M^k x0."""
        return np.linalg.matrix_power(self.matrix, number) @ floats("x0", x0)

    def victims(self, x0: ArrayLike) -> Floats:
        """Liquidated base per venue: diag(rho) O x."""
        return self.rho * (self.oracle @ self.displacement(x0))


def build(rho: ArrayLike, depth: ArrayLike, theta: float, *, oracle: Matrix | None = None, routing: Matrix | None = None) -> VenueMatrix:
    """M for arbitrage strength theta in [0, 1]; O (row-stochastic) and E (columns sum to <= 1) default to the identity."""
    density, executable = floats("rho", rho), floats("depth", depth)
    n = same_length(rho=density, depth=executable)
    not_negative("rho", density)
    if not (executable > 0).all() or not 0 <= theta <= 1:
        raise ModelInputError("depth must be positive and theta in [0, 1]")
    weights = np.eye(n) if oracle is None else oracle
    routes = np.eye(n) if routing is None else routing
    if not np.allclose(weights.sum(axis=1), 1) or (weights < 0).any():
        raise ModelInputError("oracle weights must be non-negative and each row sum to 1")
    if (routes.sum(axis=0) > 1 + 1e-12).any() or (routes < 0).any():
        raise ModelInputError("execution routes must be non-negative and each column sum to at most 1")
    arbitrage = (1 - theta) * np.eye(n) + theta * np.outer(np.ones(n), executable / executable.sum())
    return VenueMatrix(arbitrage @ np.diag(1 / executable) @ routes @ np.diag(density) @ weights, density, executable, weights)


def pooled_gain(rho: ArrayLike, depth: ArrayLike) -> float:
    """g_pool = sum rho / sum D; at most max_i rho_i / D_i, equal iff aligned."""
    return float(floats("rho", rho).sum() / floats("depth", depth).sum())


def pooled_victims(rho: ArrayLike, depth: ArrayLike, x0: float) -> float:
    """Liquidated base when all venues share one book: sum rho x0 / (1 - g_pool)."""
    gain = pooled_gain(rho, depth)
    if gain >= 1:
        raise ModelInputError(f"unstable: pooled gain {gain:.4g} >= 1")
    return float(floats("rho", rho).sum()) * x0 / (1 - gain)
