"""Fees that stay valid, and bumps a node accepts."""

from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.fees import Fees, bump, gas_cost_x18, offer

_wei = st.integers(0, 10**13)


@given(_wei, _wei, st.integers(0, 10**14))
def test_an_offer_survives_two_full_blocks(base_fee: int, priority: int, cap: int) -> None:
    """The base fee rises by an eighth per full block; the cap is never broken."""
    fees = offer(base_fee, priority, cap)
    if base_fee + priority > cap:
        assert fees is None
        return
    assert fees is not None
    assert fees.max_fee_wei <= cap
    assert fees.max_fee_wei == cap or fees.max_fee_wei >= base_fee * 81 // 64 + priority
    assert fees.priority_fee_wei == priority


@given(st.integers(1, 10**13), st.integers(1, 10**13), _wei, st.integers(100, 200))
def test_a_bump_may_replace(max_fee: int, priority: int, base_fee: int, percent: int) -> None:
    """Both figures at least a tenth higher (go-ethereum's txpool), and enough for the present base fee."""
    bumped = bump(Fees(max_fee, priority), base_fee, 10**15, percent)
    assert bumped is not None
    assert bumped.max_fee_wei * 10 >= max_fee * 11
    assert bumped.priority_fee_wei * 10 >= priority * 11
    assert bumped.max_fee_wei >= base_fee + bumped.priority_fee_wei


def test_the_cap_forbids_a_bump() -> None:
    """Rather none than one too dear."""
    assert bump(Fees(100, 10), 50, 124, 125) is None
    assert bump(Fees(100, 10), 50, 125, 125) == Fees(125, 13)


def test_gas_is_rounded_up() -> None:
    """2 M gas at 3 gwei and 2,500 USD a coin is 15 USD; a fraction of a unit counts as one."""
    assert gas_cost_x18(2_000_000, 3 * 10**9, 2_500 * 10**18) == 15 * 10**18
    assert gas_cost_x18(1, 1, 1) == 1
