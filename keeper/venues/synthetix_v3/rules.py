"""What the executor may do on this venue: liquidate, and push signed prices to Pyth for the fee it asks. No call has a receiver: the perps
market pays its caller."""

from collections.abc import Sequence

from keeper.domain.calldata import Encoder, word
from keeper.domain.chain import LogFilter
from keeper.domain.event_abi import topic_of
from keeper.domain.permission import CallRule, Valuer
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.signatures import MARKET_CREATED

LIQUIDATE = "liquidate(uint128)"
LIQUIDATE_MARGIN_ONLY = "liquidateMarginOnly(uint128)"
UPDATE_PRICE_FEEDS = "updatePriceFeeds(bytes[])"
_UPDATE_FEE = "getUpdateFee(bytes[])"
_ACCOUNT: tuple[tuple[int, ...], ...] = ((),)
"""Any account may be liquidated."""


def rules(options: Options) -> Sequence[CallRule]:
    """The same whatever the book holds: no market or collateral is named."""
    return [
        CallRule(options.perps_market, LIQUIDATE, _ACCOUNT),
        CallRule(options.perps_market, LIQUIDATE_MARGIN_ONLY, _ACCOUNT),
        CallRule(options.pyth, UPDATE_PRICE_FEEDS, (), fee_view=_UPDATE_FEE),
    ]


def valuer(options: Options, encoder: Encoder) -> Valuer:
    """contracts/src/SynthetixV3Valuer.sol over this deployment's snxUSD."""
    return Valuer(
        contract="SynthetixV3Valuer",
        package="keeper.venues.synthetix_v3",
        arguments=(("address", options.usd_token),),
        answers=((encoder.data("snxUsd()"), word(options.usd_token)),),
    )


def listings(options: Options) -> Sequence[LogFilter]:
    """Markets as they were created: rules and tokens need none of them, but a filter must ask for something."""
    return (LogFilter((options.perps_market,), (topic_of(MARKET_CREATED),)),)
