"""What gas is worth on one chain."""

from collections.abc import Sequence

from keeper.domain.gas_price import GasPrice
from keeper.engine.decision_policy import DecisionPolicy
from keeper.engine.evaluator import BlockEvaluation, Evaluator
from keeper.errors import ConfigError


class GasPriceSource:
    """The gas coin's index price at the first of the chain's venues that has its market: another one's market of the same name does not
    count while that one lives."""

    def __init__(self, policy: DecisionPolicy, venues: Sequence[str]) -> None:
        """`venues` in the order of the settings."""
        self._policy = policy
        self._venues = list(venues)
        self._markets: dict[str, frozenset[str]] = {}
        self.price: GasPrice | None = None
        """None before there was a price."""

    @property
    def native_price_x18(self) -> int:
        """USD per coin, for the record; 0 before there was a price."""
        return self.price.native_price_x18 if self.price is not None else 0

    def update(self, venue: str, evaluator: Evaluator, evaluation: BlockEvaluation) -> None:
        """Take the price of a venue whose book stands at the evaluated block, where it counts.

        Raises ConfigError when all venues have markets and none of them is the gas coin's: gas would be free."""
        self._markets[venue] = frozenset(evaluator.venue.market_names(evaluator.book))
        market = self._policy.gas_coin_market
        first = next((name for name in self._venues if market in self._markets.get(name, ())), None)
        if first == venue:
            tip_wei = evaluation.market_tip_wei
            self.price = self._policy.gas_price(evaluator, evaluation.block, evaluation.data_fee, tip_wei) or self.price
        elif first is None and all(self._markets.get(name) for name in self._venues):
            names = sorted(frozenset().union(*self._markets.values()))
            raise ConfigError(
                f"gas_coin_market of the chain = {market!r}: no venue has such a market, so gas cannot be valued. "
                f"Name one of: {', '.join(names)}."
            )

    def forget(self, venue: str) -> None:
        """The venue has stopped: the next one that has the market counts."""
        self._venues.remove(venue)
        self._markets.pop(venue, None)
