"""What sending costs, and what an amount buys of it. What the market says of the coin is in tests/keeper/engine/test_decision_policy.py."""

from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.domain.gas_price import GasPrice
from keeper.domain.money import Usd18

_BLOCK = BlockRef(7, Hash32("0x" + "ab" * 32), Hash32("0x" + "cd" * 32), Timestamp(1))


@given(st.integers(0, 10**30), st.integers(1, 10**24))
def test_what_an_amount_buys_costs_no_more_and_a_wei_more_no_less(raw: int, native_price_x18: int) -> None:
    amount, gas_price = Usd18(raw), GasPrice(0, 0, native_price_x18)
    bought_wei = gas_price.wei_of(amount)
    below, above = (gas_price.cost(0, _BLOCK, b"", value_wei) for value_wei in (bought_wei, bought_wei + 1))
    assert below <= amount <= above
