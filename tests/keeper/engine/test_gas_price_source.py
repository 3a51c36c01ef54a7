"""Gas is priced by one venue's market, and never free."""

import asyncio
from dataclasses import replace

import pytest

from keeper.domain.chain import BlockAdded
from keeper.domain.decision import Limits
from keeper.domain.fee_policy import FeePolicy
from keeper.domain.fixed import X18
from keeper.domain.money import ZERO_USD
from keeper.engine.decision_policy import DecisionPolicy
from keeper.engine.evaluator import Evaluator
from keeper.engine.gas_price_source import GasPriceSource
from keeper.engine.questions import ChainQuestions
from keeper.errors import ConfigError
from tests.keeper.engine.decided import evaluation
from tests.keeper.engine.fakes import FakeChain, block_ref
from tests.keeper.engine.toy import ToyVenue

BLOCK = block_ref(1)
POLICY = DecisionPolicy(1, None, Limits(ZERO_USD), "TOY", FeePolicy(10**6, 10**11), lambda venue, plan, change: b"")


def _evaluator(price: int) -> Evaluator:
    evaluator: Evaluator = Evaluator(
        ToyVenue({BLOCK.timestamp: price}), ChainQuestions(FakeChain()), executor=None, block_seconds=2, forecast=False
    )
    asyncio.run(evaluator.added(BlockAdded(BLOCK, ())))
    return evaluator


def test_a_coin_no_venue_has_a_market_of_is_a_mistake_in_the_settings() -> None:
    """Otherwise gas would be free. Told when all venues have said which markets they have."""
    gas = GasPriceSource(replace(POLICY, gas_coin_market="ETH"), ("a", "b"))
    gas.update("a", _evaluator(100), evaluation(BLOCK))
    with pytest.raises(ConfigError, match=r"gas_coin_market of the chain = 'ETH'.*Name one of: TOY\."):
        gas.update("b", _evaluator(100), evaluation(BLOCK))


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_the_first_venue_of_the_settings_with_the_market_prices_gas_whichever_is_looked_at_last(order: tuple[str, str]) -> None:
    evaluators = {"a": _evaluator(100), "b": _evaluator(90)}
    gas = GasPriceSource(POLICY, ("a", "b"))
    for name in (*order, *order):
        gas.update(name, evaluators[name], evaluation(BLOCK))
    assert gas.native_price_x18 == 100 * X18


def test_when_the_pricing_venue_stops_the_next_takes_over() -> None:
    gas = GasPriceSource(POLICY, ("a", "b"))
    gas.update("a", _evaluator(100), evaluation(BLOCK))
    gas.forget("a")
    gas.update("b", _evaluator(90), evaluation(BLOCK))
    assert gas.native_price_x18 == 90 * X18
