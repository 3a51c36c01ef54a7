"""What plans take of what all plans share: the pools they close in, and the executor's margin."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from keeper.domain.money import ZERO_USD, Usd18


@dataclass(frozen=True, slots=True)
class Use:
    """What some plans will have taken once they are on the chain.

    `base_x18`, by the venue's own name of a market: base units sold (+) or bought (-) when what was taken over is closed.
    `capital`: margin that does not come back within the plan's own transaction."""

    base_x18: Mapping[str, int] = field(default_factory=dict)
    capital: Usd18 = ZERO_USD

    def __add__(self, other: "Use") -> "Use":
        markets = self.base_x18.keys() | other.base_x18.keys()
        base = {market: self.base_x18.get(market, 0) + other.base_x18.get(market, 0) for market in markets}
        return Use(base, self.capital + other.capital)

    def __sub__(self, other: "Use") -> "Use":
        """Without `other`, which is part of it. Its markets stay in use: what else is taken there is not known to be nothing."""
        return self + Use({market: -base for market, base in other.base_x18.items()}, -other.capital)

    def __bool__(self) -> bool:
        return bool(self.base_x18) or self.capital != ZERO_USD

    def base(self, market: str) -> int:
        """Base sold (+) or bought (-) in this market, 0 where nothing is."""
        return self.base_x18.get(market, 0)

    def to_json(self) -> str:
        """For the outbox and the lake; integers as text."""
        base = {market: str(base) for market, base in sorted(self.base_x18.items())}
        return json.dumps({"base": base, "capital": str(self.capital.raw)})

    @classmethod
    def of_json(cls, text: str) -> "Use":
        """Back from what `to_json` wrote."""
        fields = json.loads(text)
        return cls({market: int(base) for market, base in fields["base"].items()}, Usd18(int(fields["capital"])))


NOTHING = Use()
"""What the first plan finds taken."""
