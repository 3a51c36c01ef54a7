"""What gas is worth on one chain."""

from collections.abc import Sequence

from keeper.domain.chain import BlockRef
from keeper.domain.data_fee import DataFee
from keeper.engine.evaluator import Evaluator
from keeper.engine.judge import Judge
from keeper.engine.tariff import Tariff
from keeper.errors import ConfigError


class GasPrice:
    """The gas coin's index price at the first of the chain's venues that has its market: another one's market of the same name does not
    count while that one lives."""

    def __init__(self, judge: Judge, venues: Sequence[str]) -> None:
        """`venues` in the order of the settings."""
        self._judge = judge
        self._venues = list(venues)
        self._markets: dict[str, frozenset[str]] = {}
        self.tariff: Tariff | None = None
        """None before there was a price."""

    @property
    def native_price_x18(self) -> int:
        """USD per coin, for the record; 0 before there was a price."""
        return self.tariff.native_price_x18 if self.tariff is not None else 0

    def look(self, venue: str, evaluator: Evaluator, block: BlockRef, data_fee: DataFee | None) -> None:
        """Take the price of a venue whose book stands at `block`, where it counts.

        Raises ConfigError when all venues have markets and none of them is the gas coin's: gas would be free."""
        self._markets[venue] = frozenset(evaluator.venue.market_names(evaluator.book))
        market = self._judge.gas_coin_market
        first = next((name for name in self._venues if market in self._markets.get(name, ())), None)
        if first == venue:
            self.tariff = self._judge.tariff(evaluator, block, data_fee) or self.tariff
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
