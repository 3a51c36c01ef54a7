"""The newest signed price of each feed: an older one is worthless."""

from collections.abc import Iterable, Sequence

from keeper.domain.quote import PriceId, Quote


class QuoteBoard:
    """What price services have told, one quote per feed."""

    def __init__(self) -> None:
        self._quotes: dict[PriceId, Quote] = {}

    def put(self, quote: Quote) -> bool:
        """Take a quote in; False for one that is not newer than its feed's."""
        newest = self._quotes.get(quote.price_id)
        if newest is not None and quote.publish_time <= newest.publish_time:
            return False
        self._quotes[quote.price_id] = quote
        return True

    def newest(self, price_ids: Iterable[PriceId]) -> Sequence[Quote]:
        """Of these feeds, as far as there are any."""
        return [self._quotes[price_id] for price_id in price_ids if price_id in self._quotes]
