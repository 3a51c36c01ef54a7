"""Markets for more traders are deeper, and liquidated no faster."""

from __future__ import annotations

import pytest

from contracts.devnet.synthetix_v3.parameters import LISTINGS, MarketParameters, deepened


def _window_18(parameters: MarketParameters) -> float:
    """Source: PerpsMarketConfiguration.maxLiquidationAmountInWindow."""
    fees = (parameters.maker_fee_18 + parameters.taker_fee_18) / 1e18
    return fees * parameters.skew_scale_18 * parameters.limit.multiplier_18 / 1e18 * parameters.limit.window


def test_few_traders_have_the_listed_markets() -> None:
    assert deepened(LISTINGS, 1) == deepened(LISTINGS, 120) == LISTINGS


@pytest.mark.parametrize("traders", [240, 600])
def test_many_traders_have_deeper_ones(traders: int) -> None:
    deep = deepened(LISTINGS, traders)
    for listing, deeper in zip(LISTINGS.markets, deep.markets, strict=True):
        assert deeper.parameters.skew_scale_18 == listing.parameters.skew_scale_18 * traders // 120
        assert deeper.parameters.max_market_size_18 == listing.parameters.max_market_size_18 * traders // 120
        assert _window_18(deeper.parameters) == pytest.approx(_window_18(listing.parameters))
    assert deep.system.credit_18 == LISTINGS.system.credit_18 * traders // 120
