"""One package per protocol. `REGISTRY` holds the one line per venue."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from keeper.domain.venue import Venue
from keeper.venues.perp_v2.venue import PerpV2

Factory: TypeAlias = Callable[[Mapping[str, str]], Venue[Any, Any]]
"""Makes a venue from its section of the settings. Raises ConfigError naming the key and the mend."""

REGISTRY: Mapping[str, Factory] = MappingProxyType(
    {
        "perp_v2": PerpV2.of,
    }
)
