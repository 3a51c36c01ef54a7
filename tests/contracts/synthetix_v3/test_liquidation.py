"""Liquidation on the real market: the flag, its pay, the windows, margin without positions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.synthetix_v3.deployment import SNX_USD
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.parameters import LISTINGS
from contracts.devnet.synthetix_v3.views import position_size_18, snx_usd_balance_18
from tests.contracts.synthetix_v3.bench import Bench, Receipt

pytestmark = pytest.mark.fork
_E18 = 10**18
_LIQUIDATE = "liquidate(uint128)"
_FLAGGED = "0x" + keccak(text="AccountFlaggedForLiquidation(uint128,int256,uint256,uint256,uint256)").hex()
_LIQUIDATED = "0x" + keccak(text="PositionLiquidated(uint128,uint128,uint256,int128)").hex()
_ATTEMPT = "0x" + keccak(text="AccountLiquidationAttempt(uint128,uint256,bool)").hex()
_ETH = LISTINGS.markets[0]


@pytest.fixture
def bench(synthetix_devnet: SynthetixDevnet) -> Iterator[Bench]:
    with Bench(synthetix_devnet) as bench:
        yield bench


def _balance_18(bench: Bench) -> int:
    return snx_usd_balance_18(bench.devnet.rpc, bench.devnet.deployment, bench.devnet.deployment.keeper)


def _size_18(bench: Bench) -> int:
    return position_size_18(bench.devnet.rpc, bench.devnet.deployment, bench.trader.account_id, _ETH.market_id)


def _liquidate(bench: Bench) -> Receipt:
    return bench.send(bench.devnet.deployment.keeper, _LIQUIDATE, bench.trader.account_id)


def _reward_18(receipt: Receipt) -> tuple[int, bool]:
    (attempt,) = receipt.events(_ATTEMPT)
    reward_18, full = returned(("uint256", "bool"), attempt["data"])
    return reward_18, full


def test_a_healthy_account_is_refused(bench: Bench) -> None:
    bench.open_account(usd_18=10_000 * _E18)
    bench.trade("ETH", 4 * _E18)
    assert not bench.view.liquidatable
    reason = keccak(text="NotEligibleForLiquidation(uint128)")[:4] + encode(("uint128",), (bench.trader.account_id,))
    assert bench.refusal(bench.devnet.deployment.keeper, _LIQUIDATE, bench.trader.account_id) == reason


def test_one_call_flags_takes_everything_and_pays(bench: Bench) -> None:
    """4 ETH fit into a window: the account is empty and unflagged, its margin gone, the keeper paid what was promised."""
    bench.open_account(usd_18=3_500 * _E18)
    bench.trade("ETH", 4 * _E18)
    bench.move("ETH", 1_640 * 10**8)
    view = bench.view
    assert view.liquidatable
    assert view.maintenance_requirement_18 > view.available_margin_18
    before_18 = _balance_18(bench)
    receipt = _liquidate(bench)
    reward_18, full = _reward_18(receipt)
    assert len(receipt.events(_FLAGGED)) == len(receipt.events(_LIQUIDATED)) == 1
    assert full
    assert _balance_18(bench) - before_18 == reward_18 > _E18
    assert _size_18(bench) == 0
    assert bench.ask("getCollateralAmount(uint128,uint128)", ("uint256",), bench.trader.account_id, SNX_USD) == (0,)
    assert bench.ask("flaggedAccounts()", ("uint256[]",)) == ((),)


def test_a_large_position_is_taken_window_by_window(bench: Bench) -> None:
    """11.27 ETH every 10 s: the first call flags and takes a window, the next pays nothing and takes nothing, and after the
    window another keeper may go on."""
    bench.open_account(usd_18=27_000 * _E18)
    bench.trade("ETH", 30 * _E18)
    capacity_18 = bench.ask("liquidationCapacity(uint128)", ("uint256",) * 3, _ETH.market_id)[0]
    bench.move("ETH", 1_600 * 10**8)
    first_18, full = _reward_18(_liquidate(bench))
    assert _size_18(bench) == 30 * _E18 - capacity_18
    assert not full
    assert bench.ask("flaggedAccounts()", ("uint256[]",)) == ((bench.trader.account_id,),)
    assert _reward_18(_liquidate(bench)) == (0, False)
    assert _size_18(bench) == 30 * _E18 - capacity_18
    bench.mine(_ETH.parameters.limit.window)
    second_18, full = _reward_18(_liquidate(bench))
    assert not full
    bench.mine(_ETH.parameters.limit.window)
    third_18, full = _reward_18(_liquidate(bench))
    assert full
    assert _size_18(bench) == 0
    system = LISTINGS.system
    assert second_18 == third_18 == system.liquidate_cost_18 + system.min_keeper_reward_18
    assert first_18 > second_18


def test_a_flagged_account_is_locked(bench: Bench) -> None:
    bench.open_account(usd_18=27_000 * _E18)
    bench.trade("ETH", 30 * _E18)
    bench.move("ETH", 1_600 * 10**8)
    _liquidate(bench)
    account = bench.trader.account_id
    reason = keccak(text="AccountLiquidatable(uint128)")[:4] + encode(("uint128",), (account,))
    assert bench.refusal(bench.trader.address, "modifyCollateral(uint128,uint128,int256)", account, SNX_USD, _E18) == reason
    assert bench.view.liquidatable


def test_others_flags_are_finished_by_number(bench: Bench) -> None:
    bench.open_account(usd_18=13_500 * _E18)
    bench.trade("ETH", 15 * _E18)
    bench.move("ETH", 1_600 * 10**8)
    _liquidate(bench)
    bench.mine(_ETH.parameters.limit.window)
    before_18 = _balance_18(bench)
    bench.send(bench.devnet.deployment.keeper, "liquidateFlagged(uint256)", 10)
    assert _size_18(bench) == 0
    assert _balance_18(bench) - before_18 == LISTINGS.system.liquidate_cost_18 + LISTINGS.system.min_keeper_reward_18


def test_seized_synths_go_to_the_liquidity_providers(bench: Bench) -> None:
    deployment = bench.devnet.deployment
    synth = deployment.synths[0]
    bench.open_account(usd_18=0, synth_18=2 * _E18)
    bench.trade("ETH", 4 * _E18)
    bench.move("ETH", 1_670 * 10**8)
    assert bench.view.liquidatable
    _liquidate(bench)
    data = calldata("balanceOf(address)", synth.reward_distributor)
    (balance_18,) = returned(("uint256",), bench.devnet.rpc.call("eth_call", {"to": synth.token, "data": data}, "latest"))
    assert balance_18 == 2 * _E18


def test_a_debt_that_outgrows_the_collateral_is_liquidated_without_positions(bench: Bench) -> None:
    """A loss on a position leaves a debt, as the margin is a synth; then the synth falls."""
    bench.open_account(usd_18=0, synth_18=_E18)
    bench.trade("ETH", 2 * _E18)
    bench.move("ETH", 1_900 * 10**8)
    assert not bench.view.liquidatable
    bench.trade("ETH", -2 * _E18)
    view = bench.view
    assert view.debt_18 > 1_000 * _E18
    assert not view.margin_liquidatable
    keeper, account = bench.devnet.deployment.keeper, bench.trader.account_id
    refusal = keccak(text="NotEligibleForMarginLiquidation(uint128)")[:4] + encode(("uint128",), (account,))
    assert bench.refusal(keeper, "liquidateMarginOnly(uint128)", account) == refusal
    bench.move("ETH", 1_150 * 10**8)
    assert bench.view.margin_liquidatable
    before_18 = _balance_18(bench)
    bench.send(keeper, "liquidateMarginOnly(uint128)", account)
    assert _balance_18(bench) > before_18
    assert bench.view.debt_18 == 0
