"""An executor's margin on its way in and out."""

from keeper.domain.money import Usd18
from tests.keeper.venues.perp_v2.books import ADDRESSES, EXECUTOR, USDC, WETH, Desk


def test_margin_moves_in_whole_units_of_the_token_rounded_down() -> None:
    """USDC has six decimals."""
    desk, vault = Desk(), ADDRESSES["vault"]
    amount = Usd18(1_000_002 * 10**12 - 1)
    approval, deposit = desk.venue.pay_in(desk.book, EXECUTOR, amount)
    (withdrawal,) = desk.venue.pay_out(desk.book, amount)
    assert (approval.target, approval.arguments) == (USDC, (vault, 1_000_001))
    assert (deposit.target, deposit.arguments) == (vault, (EXECUTOR, USDC, 1_000_001))
    assert (withdrawal.target, withdrawal.arguments) == (vault, (USDC, 1_000_001))


def test_the_settlement_token_comes_first() -> None:
    desk = Desk()
    assert list(desk.venue.tokens(desk.book)) == [USDC, WETH]
