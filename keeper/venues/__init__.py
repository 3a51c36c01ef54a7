"""One package per protocol. `REGISTRY` holds the one line per protocol; those of other packages come by entry point."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any

from keeper.domain.venue import Venue
from keeper.venues.perp_v2.options import Options as PerpV2Options
from keeper.venues.perp_v2.venue import PerpV2
from keeper.venues.synthetix_v3.options import Options as SynthetixV3Options
from keeper.venues.synthetix_v3.venue import SynthetixV3

ENTRY_POINTS = "perp_keeper.venues"
"""Group in which other packages name their protocols: the entry's name is the protocol's, its object a `VenueProtocol`."""


@dataclass(frozen=True, slots=True)
class VenueProtocol:
    """A protocol: the dataclass of a deployment's options (see `domain.options`), and what makes a venue of them."""

    options: type[Any]
    make: Callable[[Any], Venue]


REGISTRY: Mapping[str, VenueProtocol] = MappingProxyType(
    {
        "perp_v2": VenueProtocol(PerpV2Options, PerpV2),
        "synthetix_v3": VenueProtocol(SynthetixV3Options, SynthetixV3),
    }
)


@cache
def protocols() -> Mapping[str, VenueProtocol]:
    """Ours, and those of installed packages; ours win."""
    others = {entry.name: entry.load() for entry in entry_points(group=ENTRY_POINTS) if entry.name not in REGISTRY}
    return MappingProxyType({**others, **REGISTRY})
