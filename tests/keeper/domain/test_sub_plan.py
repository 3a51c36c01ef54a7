"""Gas limits of batches: the same arithmetic as in contracts/test/KeeperExecutorBatch.t.sol, where the contract proves it enough."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address
from keeper.domain.health import Breach
from keeper.domain.money import ZERO_USD
from keeper.domain.plan import CallPurpose, LiquidationCall, LiquidationPlan
from keeper.domain.sub_plan import MAX_TRANSACTION_GAS, batch_gas, measured_gas

CALL = LiquidationCall(Address("0x" + "aa" * 20), bytes(100), CallPurpose.LIQUIDATE)
PLAN = LiquidationPlan(AccountKey("a"), "ETH", Breach.POSITIONS, 1, ZERO_USD, ZERO_USD, ZERO_USD, ZERO_USD, 2_000_000, (CALL,))


@given(gas=st.lists(st.integers(21_000, 10**7), min_size=1, max_size=12))
def test_every_plan_finds_its_own_gas_when_all_before_it_have_used_theirs(gas: list[int]) -> None:
    """EIP-150: a call gets at most 63 of 64 parts of what is left; the executor keeps 40,000 (KeeperExecutor._RESERVE) for its event."""
    plans = [replace(PLAN, gas_limit=each) for each in gas]
    left = batch_gas(plans) - 21_000 - 22_100 - sum(16 * (100 + 32 * 14) for _ in plans)
    for each in gas:
        left -= 10_000
        assert left - left // 64 >= each + 40_000
        left -= each + 10_000


def test_a_limit_grows_with_the_calldata() -> None:
    longer = replace(PLAN, calls=(replace(CALL, calldata=bytes(1_100)),))
    assert batch_gas([longer]) - batch_gas([PLAN]) == 16 * 1_000


def test_a_plan_keeps_room_above_what_it_took_and_never_more_than_its_limit() -> None:
    assert measured_gas(PLAN, 1_000_000) == 1_350_000
    assert measured_gas(PLAN, 1_900_000) == PLAN.gas_limit


def test_six_liquidations_of_perp_v2_fit_into_one_transaction() -> None:
    plans = [replace(PLAN, gas_limit=measured_gas(replace(PLAN, gas_limit=4_500_000), 1_900_000))] * 6
    assert batch_gas(plans) < MAX_TRANSACTION_GAS
