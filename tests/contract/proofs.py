"""The proofs of all venues: ours, and by entry point those of other packages, as with their protocols."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points

from tests.contract import perp_v2, synthetix_v3
from tests.contract.proof import Proof

ENTRY_POINTS = "perp_keeper.proofs"
"""Group in which other packages name their proofs: the entry's name is the protocol's, its object a `Proof`."""
OURS: Mapping[str, Proof] = {"perp_v2": perp_v2.PROOF, "synthetix_v3": synthetix_v3.PROOF}


@cache
def proofs() -> Mapping[str, Proof]:
    """By protocol."""
    return {**{entry.name: entry.load() for entry in entry_points(group=ENTRY_POINTS)}, **OURS}
