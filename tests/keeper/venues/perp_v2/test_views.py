"""What people and the lake see of markets and positions."""

from tests.keeper.venues.perp_v2.books import ALICE, Desk


def test_a_market_is_named_by_its_underlying() -> None:
    """As it always was: other venues know ETH by that name too."""
    desk = Desk()
    desk.deposit(ALICE, 1_500)
    desk.trade(ALICE, 4, -10_000)
    desk.market(2_500)
    (position,) = desk.venue.positions(ALICE, desk.book, desk.now)
    assert (position.market, position.underlying) == ("ETH", "ETH")
    assert {view.market: view.underlying for view in desk.venue.markets(desk.book, desk.now)} == {"ETH": "ETH"}
