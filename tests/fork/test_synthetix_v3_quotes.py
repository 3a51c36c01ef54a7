"""Signed prices on the real contracts: an account is liquidatable by a price that is not on the chain yet, one transaction of the executor
brings the price and liquidates, and what it pays is what the plan said."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.prices import FEE_WEI, price_id_of
from contracts.devnet.synthetix_v3.views import snx_usd_balance_18
from keeper.domain.account import AccountKey
from keeper.domain.chain import Address, Timestamp
from keeper.domain.health import Breach
from keeper.domain.plan import LiquidationPlan
from keeper.domain.quote import PriceId, Quote
from keeper.domain.use import NOTHING
from keeper.execution.executor import encode_execute
from tests.contracts.synthetix_v3.bench import Bench
from tests.keeper.venues.synthetix_v3.ledger import SynthetixLedger

pytestmark = pytest.mark.fork

_E18 = 10**18
_VENUE = "synthetix_v3"


@pytest.fixture
def bench(synthetix_devnet: SynthetixDevnet) -> Iterator[Bench]:
    """A trader with four ETH and some of the synth, whose price is three minutes old."""
    with Bench(synthetix_devnet) as bench:
        bench.open_account(usd_18=2_000 * _E18, synth_18=_E18 // 2)
        bench.trade("ETH", 4 * _E18)
        bench.move("ETH", 2_500 * 10**8)
        bench.mine(180)
        yield bench


def test_one_transaction_brings_the_price_and_liquidates(bench: Bench) -> None:
    ledger, key = SynthetixLedger.start(bench.devnet.rpc, bench.devnet.deployment), AccountKey(str(bench.trader.account_id))
    ahead = _next_block(ledger)
    ledger.refresh(ahead)
    assert not ledger.venue.health(key, ledger.book, ahead).liquidatable
    quote = _publish(bench, 1_785, ahead)
    ledger.apply(ledger.venue.quoted([quote], ledger.book, ahead))
    assert ledger.venue.health(key, ledger.book, ahead).breach is Breach.POSITIONS
    plan = _plan(ledger, bench, key, ahead)
    assert plan.quotes == (quote.price_id,)
    before_18 = snx_usd_balance_18(bench.devnet.rpc, bench.devnet.deployment, bench.devnet.deployment.executor)
    _execute(bench, replace(plan, calls=(*ledger.venue.push([quote], ledger.book), *plan.calls)), ahead)
    after_18 = snx_usd_balance_18(bench.devnet.rpc, bench.devnet.deployment, bench.devnet.deployment.executor)
    assert after_18 - before_18 == plan.expected_reward.raw
    ledger.advance()
    assert ledger.mismatches() == []
    assert key not in ledger.book.account_keys()
    (liquidation,) = ledger.venue.observed(ledger.log_events, ledger.book)
    assert (liquidation.account, liquidation.liquidator, liquidation.reward_x18) == (key, _executor(bench), plan.expected_reward.raw)
    # What the chain has is no signed price any more.
    assert ledger.venue.quoted([quote], ledger.book, ahead) == []


def test_a_stale_price_is_named_by_the_revert(bench: Bench) -> None:
    """The account is in breach by the chain's own price, which is too old to liquidate by."""
    deployment = bench.devnet.deployment
    bench.move("ETH", 1_785 * 10**8)
    bench.mine(180)
    ledger, key = SynthetixLedger.start(bench.devnet.rpc, deployment), AccountKey(str(bench.trader.account_id))
    ahead = _next_block(ledger)
    ledger.refresh(ahead)
    plan = _plan(ledger, bench, key, ahead)
    assert plan.quotes == ()
    revert = bench.refusal(deployment.keeper, "liquidate(uint128)", bench.trader.account_id)
    quote = _publish(bench, 1_785, ahead)
    assert ledger.venue.required_quotes(revert) == (quote.price_id,)
    assert ledger.venue.revert_reason(revert).startswith(f"OracleDataRequired({deployment.contracts.pyth.lower()}, ")
    _execute(bench, replace(plan, calls=(*ledger.venue.push([quote], ledger.book), *plan.calls)), ahead)
    ledger.advance()
    assert key not in ledger.book.account_keys()


def _executor(bench: Bench) -> Address:
    """Who is paid."""
    return Address(bench.devnet.deployment.executor.lower())


def _next_block(ledger: SynthetixLedger) -> Timestamp:
    assert ledger.head is not None
    return Timestamp(ledger.head.timestamp + 2)


def _publish(bench: Bench, price: int, publish_time: Timestamp) -> Quote:
    """A price of ETH at Pyth, signed; not on the chain."""
    bench.publish({"ETH": price * 10**8}, publish_time)
    price_id = price_id_of(bench.devnet.deployment.market("ETH"))
    payload = bench.devnet.pythnet.update([price_id])
    return Quote(PriceId("0x" + price_id.hex()), price * 10**8, price * 10**8, -8, publish_time, payload, FEE_WEI)


def _plan(ledger: SynthetixLedger, bench: Bench, key: AccountKey, at: Timestamp) -> LiquidationPlan:
    plan = ledger.venue.plan(key, ledger.book, at, _executor(bench), NOTHING)
    assert isinstance(plan, LiquidationPlan)
    return plan


def _execute(bench: Bench, plan: LiquidationPlan, at: Timestamp) -> None:
    """By the operator through the executor, within the plan's gas, for no less than it should bring."""
    deployment, rpc = bench.devnet.deployment, bench.devnet.rpc
    fields = {
        "from": deployment.keeper,
        "to": deployment.executor,
        "data": "0x" + encode_execute(_VENUE, plan, plan.expected_reward).hex(),
        "gas": hex(plan.gas_limit),
    }
    transaction = rpc.call("eth_sendTransaction", fields)
    block = bench.chain.produce(at)
    bench.chain.now = block.timestamp
    receipt = rpc.call("eth_getTransactionReceipt", transaction)
    assert int(receipt["status"], 16) == 1
