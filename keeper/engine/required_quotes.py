"""Plans that reverted because the chain's prices are too old, completed with the signed prices that were missing."""

from dataclasses import replace

from keeper.domain.plan import LiquidationPlan
from keeper.engine.ports import PriceService, VenueState


class RequiredQuotes:
    """Of one venue. Each completion adds feeds the plan has not pushed yet, so that there are no more of them than the venue has feeds."""

    def __init__(self, state: VenueState, service: PriceService) -> None:
        self._state = state
        self._service = service

    async def completed(self, plan: LiquidationPlan, revert: bytes) -> LiquidationPlan | None:
        """The plan with what puts the missing prices on the chain before its calls; None where the revert asks for none, or for one that
        was pushed and did not help. Raises PriceUnavailable."""
        required = self._state.venue.required_quotes(revert)
        missing = [price_id for price_id in required if price_id not in plan.quotes]
        if not missing or len(missing) < len(required):
            return None
        quotes = await self._service.latest(missing)
        if len(quotes) < len(missing):
            return None
        calls = self._state.venue.push(quotes, self._state.book)
        return replace(plan, calls=(*calls, *plan.calls), quotes=(*plan.quotes, *missing))
