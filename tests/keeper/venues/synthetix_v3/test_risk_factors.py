"""The parts of a margin add up to it, and a day of funding and interest is what they say."""

import pytest

from keeper.domain.views import RiskFactor
from keeper.venues.synthetix_v3 import read_events as read
from tests.keeper.venues.synthetix_v3.books import ALICE, BOB, BTC, ETH, SETH, Desk, key_of, x18


def _desk() -> Desk:
    """ALICE in two markets with snxUSD and sETH, a rate of funding, and interest that runs."""
    desk = Desk()
    desk.deposit(ALICE, 20_000)
    desk.deposit(ALICE, 2, SETH)
    desk.trade(BOB, 5)
    desk.block(86_400)
    desk.trade(ALICE, 10, pnl=-x18(20_000), fees=x18(10), rate=x18(0.05))
    desk.deposit(ALICE, 5_000)
    desk.trade(ALICE, -0.1, market_id=BTC, rate=x18(0.05))
    desk.block()
    desk.read()
    return desk


def _factors(desk: Desk, account_id: int = ALICE) -> dict[str, RiskFactor]:
    return {one.name: one for one in desk.venue.risk_factors(key_of(account_id), desk.book, desk.now)}


def test_they_add_up_to_what_the_equity_exceeds_the_requirement_by() -> None:
    desk = _desk()
    health, factors = desk.health(ALICE), _factors(desk)
    assert list(factors) == [
        "snxUSD margin", "price of ETH", "funding of ETH", "interest on ETH", "price of BTC", "funding of BTC", "interest on BTC",
        "price of sETH", "reward of the keeper",
    ]  # fmt: skip
    assert sum(one.value_x18 for one in factors.values()) == (health.equity - health.requirement).raw


def test_a_contracts_own_pnl_goes_into_the_funding() -> None:
    desk = _desk()
    before = desk.health(ALICE)
    desk.apply(read.PositionRead(ALICE, ETH, desk.now, -x18(7)))
    health, factors = desk.health(ALICE), _factors(desk)
    assert health != before
    assert sum(one.value_x18 for one in factors.values()) == (health.equity - health.requirement).raw


def test_a_short_while_later_they_have_moved_as_they_said() -> None:
    """Of the day, the part that has passed: the rate of funding itself moves with the skew."""
    desk, seconds = _desk(), 60
    before = _factors(desk)
    assert before["funding of ETH"].per_day_x18 < 0
    desk.block(seconds)
    desk.read()
    after = _factors(desk)
    for name in ("funding of ETH", "interest on ETH", "interest on BTC"):
        change = after[name].value_x18 - before[name].value_x18
        assert change == pytest.approx(before[name].per_day_x18 * seconds / 86_400, rel=1e-2), name


def test_who_has_no_position_has_margin_only() -> None:
    desk = _desk()
    desk.deposit(BOB + 1, 100)
    assert list(_factors(desk, BOB + 1)) == ["snxUSD margin"]


def test_without_a_price_there_is_nothing_to_say() -> None:
    desk = _desk()
    desk.apply(read.MarketRead(ETH, desk.now, 0))
    assert _factors(desk) == {}
