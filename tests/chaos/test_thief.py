"""A stolen operator key takes nothing, and loses at most the day's budget."""

from __future__ import annotations

import pytest

from contracts.devnet.chain import Chain
from contracts.devnet.devnet import Devnet
from contracts.devnet.executor import execution
from tests.chaos.thief import thieve

pytestmark = [pytest.mark.fork, pytest.mark.chaos]


def test_the_thief_takes_nothing_and_loses_no_more_than_the_budget(devnet: Devnet) -> None:
    report = thieve(devnet)
    assert report.passed == ()
    assert report.stolen_usd == 0
    assert report.plans > 5, "he did not even get to lose money"
    assert 0.5 * report.budget_usd < report.trading_loss_usd <= report.budget_usd


def test_revoking_the_operator_leaves_nothing_behind(devnet: Devnet) -> None:
    """Not even the calls that were allowed, and no allowance for anybody."""
    deployment = devnet.deployment
    assert _plan_passes(devnet)
    devnet.rpc.call("anvil_autoImpersonateAccount", True)
    chain = Chain.at_head(devnet.rpc)
    chain.send(deployment.executor_owner, deployment.executor, "setOperator(address,bool)", deployment.keeper, False)
    chain.mine(chain.now + 1)
    assert not _plan_passes(devnet)
    for token in (deployment.usdc, *(item.token for item in deployment.collaterals)):
        for other in (deployment.keeper, deployment.core.vault, deployment.core.clearing_house):
            assert chain.view(token, "allowance(address,address)", ("uint256",), deployment.executor, other) == (0,)


def _plan_passes(devnet: Devnet) -> bool:
    deployment = devnet.deployment
    call = {"from": deployment.keeper, "to": deployment.executor, "data": execution([], 0)}
    return not isinstance(devnet.rpc.attempt([("eth_call", [call, "latest"])])[0], Exception)
