"""Liquidations ask for a fresh price: a stale one is demanded by ERC-7412, and passes once it has been brought."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eth_utils.crypto import keccak

from contracts.devnet.calldata import returned
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.parameters import LISTINGS
from tests.contracts.synthetix_v3.bench import Bench

pytestmark = pytest.mark.fork
_E18 = 10**18
_ERRORS = keccak(text="Errors(bytes[])")[:4]
_DEMAND = keccak(text="OracleDataRequired(address,bytes)")[:4]
_NO_OLDER_THAN = 1
_ETH = LISTINGS.markets[0]


@pytest.fixture
def bench(synthetix_devnet: SynthetixDevnet) -> Iterator[Bench]:
    with Bench(synthetix_devnet) as bench:
        yield bench


def _query(demand: bytes) -> tuple[int, tuple[int, int, tuple[bytes, ...]]]:
    """Whom the demand is for, and what it wants: kind, tolerance in seconds, price ids."""
    assert demand[:4] == _DEMAND
    oracle, query = returned(("address", "bytes"), "0x" + demand[4:].hex())
    kind, tolerance, price_ids = returned(("uint8", "uint64", "bytes32[]"), "0x" + query.hex())
    return int(oracle, 16), (kind, tolerance, price_ids)


def _stale(bench: Bench) -> bytes:
    """What liquidate answers once the chain's prices are a minute old."""
    bench.mine(_ETH.parameters.strict_staleness + 1)
    return bench.refusal(bench.devnet.deployment.keeper, "liquidate(uint128)", bench.trader.account_id)


def test_a_stale_market_price_is_demanded_as_one_of_many_errors(bench: Bench) -> None:
    bench.open_account(usd_18=3_500 * _E18)
    bench.trade("ETH", 4 * _E18)
    bench.move("ETH", 1_640 * 10**8)
    answer = _stale(bench)
    assert answer[:4] == _ERRORS
    (demand,) = returned(("bytes[]",), "0x" + answer[4:].hex())[0]
    assert _query(demand) == (int(bench.contracts.pyth, 16), (_NO_OLDER_THAN, 60, (_ETH.price_id,)))
    assert bench.view.liquidatable, "views take prices an hour old"


def test_a_stale_collateral_price_is_demanded_by_itself(bench: Bench) -> None:
    bench.open_account(usd_18=0, synth_18=2 * _E18)
    bench.trade("ETH", 4 * _E18)
    bench.move("ETH", 1_670 * 10**8)
    assert _query(_stale(bench)) == (int(bench.contracts.pyth, 16), (_NO_OLDER_THAN, 60, (_ETH.price_id,)))


def test_it_passes_once_the_price_is_on_the_chain(bench: Bench) -> None:
    bench.open_account(usd_18=3_500 * _E18)
    bench.trade("ETH", 4 * _E18)
    bench.move("ETH", 1_640 * 10**8)
    _stale(bench)
    bench.move("ETH", 1_640 * 10**8)
    bench.send(bench.devnet.deployment.keeper, "liquidate(uint128)", bench.trader.account_id)


def test_pyth_may_know_before_the_chain_does(bench: Bench) -> None:
    """A price that is only published makes nobody liquidatable yet."""
    bench.open_account(usd_18=3_500 * _E18)
    bench.trade("ETH", 4 * _E18)
    bench.publish({"ETH": 1_640 * 10**8}, bench.chain.now + 1)
    assert not bench.view.liquidatable
