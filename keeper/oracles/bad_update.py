"""An update that does not prove what it should."""

from keeper.domain.quote import QuoteRefusal
from keeper.errors import PriceUnavailable


class BadUpdate(PriceUnavailable):
    """A service's answer or its update is wrong, for `reason`. Consequence: another service is asked."""

    def __init__(self, reason: QuoteRefusal, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
