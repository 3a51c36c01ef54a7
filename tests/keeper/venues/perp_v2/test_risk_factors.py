"""The parts of a margin add up to it, and a day of funding is what a day of funding is."""

from keeper.domain.fixed import X18
from keeper.venues.perp_v2 import log_events as log
from tests.keeper.venues.perp_v2.books import ALICE, BTC, ETH, WETH, Desk

_SETTLEMENT_UNIT_X18 = 10**12


def _desk() -> Desk:
    """ALICE in two markets with USDC and WETH; funding runs in ETH."""
    desk = Desk()
    desk.apply(log.PoolAdded(BTC, 10_000, "0x" + "f3" * 20))
    desk.deposit(ALICE, 3_000)
    desk.apply(log.Deposited(WETH, ALICE, X18))
    desk.trade(ALICE, 4, -10_000)
    desk.trade(ALICE, -1, 2_400, base=BTC)
    desk.apply(log.FundingUpdated(ETH, 2_500 * X18, 2_500 * X18))
    _read(desk)
    return desk


def _read(desk: Desk) -> None:
    desk.market(2_450, funding_index_x18=2_400 * X18)
    desk.market(2_500, base=BTC)
    desk.collateral(2_450)


def test_they_add_up_to_what_the_equity_exceeds_the_requirement_by() -> None:
    desk = _desk()
    health, factors = desk.venue.health(ALICE, desk.book, desk.now), desk.venue.risk_factors(ALICE, desk.book, desk.now)
    names = ["settlement margin", "price of ETH", "funding of ETH", f"price of {BTC}", f"funding of {BTC}", "price of WETH"]
    assert [one.name for one in factors] == names
    assert 0 <= sum(one.value_x18 for one in factors) - (health.equity - health.requirement).raw <= _SETTLEMENT_UNIT_X18 + len(factors)


def test_a_day_later_funding_has_taken_what_it_said() -> None:
    desk = _desk()
    before = {one.name: one for one in desk.venue.risk_factors(ALICE, desk.book, desk.now)}
    assert before["funding of ETH"].per_day_x18 < 0
    assert {one.name for one in before.values() if one.per_day_x18} == {"funding of ETH"}
    desk.block(desk.now + 86_400)
    _read(desk)
    after = {one.name: one for one in desk.venue.risk_factors(ALICE, desk.book, desk.now)}
    payment = after["settlement margin"].value_x18 - before["settlement margin"].value_x18
    assert abs(payment - before["funding of ETH"].per_day_x18) <= 1


def test_without_a_price_there_is_nothing_to_say() -> None:
    desk = _desk()
    desk.market(2_450, short_twap_x96=0)
    assert desk.venue.risk_factors(ALICE, desk.book, desk.now) == []
