"""Fees against the rules they must satisfy: EIP-1559's base fee and the pools' replacement rule."""

from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.fees import Fees, bump, gas_cost, offer, pays, toward_market, with_room
from keeper.domain.money import Usd18

WEI = st.integers(0, 10**12)


def next_base_fee(base_fee: int) -> int:
    """EIP-1559 after a block that is full to its limit (twice the target)."""
    return base_fee + max(base_fee // 8, 1)


@given(base_fee=WEI, tip=WEI, cap=WEI)
def test_an_offer_survives_two_full_blocks_or_stands_at_the_cap(base_fee: int, tip: int, cap: int) -> None:
    fees = offer(base_fee, tip, cap)
    if fees is None:
        assert base_fee + tip > cap
        return
    assert fees.priority_fee_wei == tip
    assert base_fee + tip <= fees.max_fee_wei <= cap
    assert fees.max_fee_wei == cap or fees.max_fee_wei >= next_base_fee(next_base_fee(base_fee)) + tip - 1


@given(max_fee=WEI, tip=WEI, base_fee=WEI, percent=st.integers(100, 200))
def test_a_raise_is_taken_as_a_replacement(max_fee: int, tip: int, base_fee: int, percent: int) -> None:
    """go-ethereum's list.Add: both figures above the old ones, and at least 10 % above."""
    old = Fees(max(max_fee, tip), tip)
    new = bump(old, base_fee, 10**15, percent)
    assert new is not None
    for before, after in ((old.max_fee_wei, new.max_fee_wei), (old.priority_fee_wei, new.priority_fee_wei)):
        assert after > before
        assert after * 100 >= before * 110
    assert new.max_fee_wei >= base_fee + new.priority_fee_wei
    assert bump(old, base_fee, new.max_fee_wei - 1, percent) is None


@given(max_fee=WEI, tip=WEI, base_fee=WEI, market_tip=WEI, cap=WEI)
def test_fees_go_towards_the_market_and_never_down_nor_above_the_cap(
    max_fee: int, tip: int, base_fee: int, market_tip: int, cap: int
) -> None:
    """As far as a tenth of what the cap leaves above the base fee goes."""
    old = bump(Fees(max(max_fee, tip), tip), base_fee, cap, 125)
    if old is None:
        return
    new = toward_market(old, base_fee, market_tip, cap)
    assert old.max_fee_wei <= new.max_fee_wei <= cap
    assert new.priority_fee_wei == max(old.priority_fee_wei, min(market_tip, (cap - base_fee) // 10))
    assert pays(new, base_fee)


def test_gas_in_usd_is_rounded_up() -> None:
    assert gas_cost(21_000, 10**9, 3_000 * 10**18) == Usd18(63 * 10**15)
    assert gas_cost(1, 1, 1) == Usd18(1)


def test_room_for_a_rising_base_fee_is_left_within_the_cap() -> None:
    fees = Fees(100, 10)
    assert with_room(fees, 64, 1000) == fees
    assert with_room(fees, 640, 1000) == Fees(821, 10)
    assert with_room(fees, 640, 700) == Fees(700, 10)
    assert with_room(fees, 640, 500) == fees


def test_a_transaction_pays_its_whole_tip_or_waits() -> None:
    assert pays(Fees(100, 10), 90)
    assert not pays(Fees(100, 10), 91)
