"""Worth as summary.json states it."""

import pytest

from contracts.demo.assets import Assets, Prices, Worth, amount_usd, change

_WETH = "0xweth"


def test_amounts_in_usd() -> None:
    assert amount_usd(15 * 10**17, 18, 2_000 * 10**8) == pytest.approx(3_000)
    assert amount_usd(-5 * 10**7, 8, 60_000 * 10**8) == pytest.approx(-30_000)


def test_a_change_of_assets_counts_gas_as_spent() -> None:
    prices = Prices({_WETH: 18}, {_WETH: 1_000 * 10**8}, 2_000 * 10**8)
    before, after = Assets(6 * 10**18, {_WETH: 0}, 10**18), Assets(7 * 10**18, {_WETH: 10**16}, 9 * 10**17)
    worth = change(before, after, prices)
    assert worth == Worth(1.0, 10.0, 200.0)
    assert worth.total_usd == pytest.approx(-189.0)
