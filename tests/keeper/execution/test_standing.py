"""What is in the operator's way, said of a standing made by hand."""

from dataclasses import replace

from keeper.domain.chain import Address
from keeper.execution.standing import Standing, VenueStanding, gas_problem, problems

_EXECUTOR, _OTHER = Address("0x" + "ee" * 20), Address("0x" + "11" * 20)
_EMPTY = VenueStanding("perps", _OTHER, True, True, 0, 0, 0, needs_capital=True)
_READY = Standing(_EXECUTOR, _OTHER, _OTHER, {_OTHER: True}, 10**18, 0, 0, (replace(_EMPTY, needs_capital=False),))


def test_a_venue_whose_plans_need_no_margin_is_ready_without_any() -> None:
    assert list(problems(_READY, _EXECUTOR)) == []
    (told,) = problems(replace(_READY, venues=(_EMPTY,)), _EXECUTOR)
    assert "perps: no margin" in told


def test_rules_count_with_margin_or_without() -> None:
    (told,) = problems(replace(_READY, venues=(replace(_READY.venues[0], rules_match=False),)), _EXECUTOR)
    assert "not what plans need" in told


def test_margin_may_not_fall_below_its_floor() -> None:
    venue = replace(_EMPTY, equity_x18=10**20, floor_x18=10**20)
    assert list(problems(replace(_READY, venues=(venue,)), _EXECUTOR)) == []
    (told,) = problems(replace(_READY, venues=(replace(venue, equity_x18=99 * 10**18),)), _EXECUTOR)
    assert told == "perps: margin of 99.00 USD is below its floor of 100.00 USD; run `keeper executor fund --margin USD`"


def test_coin_for_gas_has_a_floor_of_its_own() -> None:
    assert gas_problem(_OTHER, 10**18, 0, 10**18) is None
    problem = gas_problem(_OTHER, 10**18 - 1, 1, 10**18)
    assert problem is not None
    assert "its floor is 1.000000; run `keeper executor fund --gas AMOUNT`" in problem
    assert "5 plans need" in (gas_problem(_OTHER, 0, 10**12, 10**18) or "")


def test_each_operator_without_the_right_is_named() -> None:
    first, second, third = (Address("0x" + f"{number}" * 40) for number in (1, 2, 3))
    sentences = list(problems(replace(_READY, operators={first: False, second: True, third: False}), _EXECUTOR))
    assert sentences == [f"operator {each} may not act; run `keeper executor allow`" for each in (first, third)]
