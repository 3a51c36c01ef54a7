"""What rivals offer."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.devnet.rivals.bid import Bid, bid_at
from contracts.devnet.rivals.rival import TIP_WEI
from keeper.domain.fees import offer
from keeper.settings.sections import LimitSettings

_WEI = st.integers(0, 10**15)


@given(_WEI, _WEI)
def test_at_the_same_base_fee_and_tip_rival_and_keeper_bid_the_same(base_fee_wei: int, tip_wei: int) -> None:
    bid, fees = bid_at(base_fee_wei, tip_wei), offer(base_fee_wei, tip_wei, cap_wei=10**18)
    assert fees is not None
    assert (bid.max_fee_wei, bid.tip_wei) == (fees.max_fee_wei, fees.priority_fee_wei)


def test_their_usual_tip_is_the_keepers() -> None:
    assert round(LimitSettings().priority_fee_gwei * 10**9) == TIP_WEI


@given(st.integers(1, 10**15), st.integers(0, 10**15))
def test_a_bid_above_another_is_higher_whatever_a_node_orders_by(max_fee_wei: int, tip_wei: int) -> None:
    above = Bid(max_fee_wei, tip_wei).above()
    assert above.max_fee_wei > max_fee_wei
    assert above.tip_wei >= tip_wei
