"""How much to offer for a transaction: what others pay, a share of what the job brings, the operator's bounds. Wei per unit of gas."""

from dataclasses import dataclass

from keeper.domain.fees import market_bid

_MILLION = 10**6


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """The operator's least tip and highest fee.

    At least `profit_share_ppm` (in millionths) of what a job brings above the wanted profit and the base fee goes into its tip, so that
    dearer jobs bid higher where several keepers race for them. With 0 nobody is outbid on purpose."""

    min_tip_wei: int
    max_fee_wei: int
    profit_share_ppm: int = 0

    def market_tip_wei(self, recent_tip_wei: int | None) -> int:
        """The tip others pay, at least the operator's own; that alone where nobody tells what others pay."""
        return max(recent_tip_wei or 0, self.min_tip_wei)

    def tip_wei(self, base_fee_wei: int, market_tip_wei: int, surplus_wei: int, *, guarded: bool) -> int:
        """The tip for a job whose gas may cost `surplus_wei` per unit, base fee included, before it brings less than the wanted profit.

        A guarded job pays its tip out of that, so it bids with the market only as far as `market_bid` goes. Of a job without a guard no
        profit is asked: it pays the market's tip at least. Base fee and tip stay within `max_fee_wei`, but no tip is below `min_tip_wei`: a
        job that is not worth even that is left alone by the decision."""
        affordable = max(surplus_wei - base_fee_wei, 0)
        market_part = market_bid(market_tip_wei, affordable) if guarded else market_tip_wei
        tip = max(market_part, affordable * self.profit_share_ppm // _MILLION)
        return max(min(tip, self.max_fee_wei - base_fee_wei), self.min_tip_wei)
