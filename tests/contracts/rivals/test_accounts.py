"""Whom a rival knows by the venue's logs, and its plans."""

from __future__ import annotations

import pytest

from contracts.devnet.calldata import calldata
from contracts.devnet.devnet import Devnet
from contracts.devnet.executor import execution, liquidate_and_close
from contracts.devnet.rivals.accounts import KnownAccounts

pytestmark = pytest.mark.fork


def _known(devnet: Devnet) -> KnownAccounts:
    return KnownAccounts(devnet.rpc, devnet.deployment)


def test_everybody_who_trades_or_gives_liquidity_is_known_and_nobody_else(devnet: Devnet) -> None:
    deployment = devnet.deployment
    traders = {trader.address.lower() for trader in deployment.traders if trader.style != "late"}
    assert set(_known(devnet).addresses()) - {deployment.base_maker.lower(), deployment.arbitrageur.lower()} == traders


def test_what_came_since_the_last_time_is_taken_in(devnet: Devnet) -> None:
    known = _known(devnet)
    before = known.addresses()
    devnet.rpc.call("evm_mine")
    known.follow()
    known.follow()
    assert known.newest_block == int(devnet.rpc.call("eth_blockNumber"), 16)
    assert known.addresses() == before


def test_a_taker_is_liquidated_in_the_largest_market_and_closed(devnet: Devnet) -> None:
    known, core = _known(devnet), devnet.deployment.core
    for trader in devnet.deployment.traders:
        if trader.style in ("taker", "both"):
            largest = max(trader.positions, key=lambda position: position.notional_usd)
            base = devnet.deployment.market(largest.market).base
            assert known.plan(trader.address.lower()) == execution(liquidate_and_close(core, trader.address, base), 0)


def test_a_makers_orders_are_cancelled_first_where_they_can_be(devnet: Devnet) -> None:
    known, core = _known(devnet), devnet.deployment.core
    maker = next(trader for trader in devnet.deployment.traders if trader.style == "maker")
    base = devnet.deployment.market(maker.orders[0].market).base
    cancel = bytes.fromhex(calldata("cancelAllExcessOrders(address,address)", maker.address, base)[2:])
    calls = [(core.clearing_house, 0, cancel, True), *liquidate_and_close(core, maker.address, base)]
    assert known.plan(maker.address.lower()) == execution(calls, 0)
