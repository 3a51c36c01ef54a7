"""Random trading on the real contracts, rebuilt from logs and a few reads per block, equals their own views for every account, to the
last unit: available margin, both required margins, the reward, and who may be liquidated."""

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from contracts.devnet.roles import KEEPER
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.market import Habits, SynthetixDriver
from contracts.devnet.synthetix_v3.views import account_views
from keeper.domain.chain import Address, Timestamp
from keeper.domain.health import Breach
from keeper.domain.plan import LiquidationPlan
from keeper.domain.use import NOTHING
from keeper.venues.synthetix_v3.margin import margin_of
from tests.keeper.venues.synthetix_v3.ledger import SynthetixLedger
from tests.keeper.venues.synthetix_v3.random_walk import RandomWalk
from tests.keeper.venues.watcher import Watcher

pytestmark = pytest.mark.fork

_BLOCKS = 120
_KEEPER = Address(KEEPER.lower())
_STRICT_SECONDS = 60
"""A liquidation takes no older price."""


@pytest.fixture
def driver(synthetix_devnet: SynthetixDevnet) -> Iterator[SynthetixDriver]:
    """People trade, and every third block brings prices."""
    devnet = synthetix_devnet
    with SynthetixDriver(devnet.url, devnet.deployment, devnet.pythnet, Habits(push_every=3)) as driver:
        yield driver


@pytest.mark.parametrize("seed", [1, 2])
def test_every_account_equals_the_contracts_at_every_block(synthetix_devnet: SynthetixDevnet, driver: SynthetixDriver, seed: int) -> None:
    """At the block's own time and half a minute ahead; from events and O(markets) reads alone."""
    ledger = SynthetixLedger.start(synthetix_devnet.rpc, synthetix_devnet.deployment)
    walk, kinds = RandomWalk(synthetix_devnet, driver, seed), Counter[str]()
    for number in range(_BLOCKS):
        walk.step()
        ledger.advance()
        kinds.update(type(event).__name__ for _, event in ledger.log_events)
        _equal(synthetix_devnet, ledger)
        if number % 10 == 0:
            assert ledger.head is not None
            ahead = Timestamp(ledger.head.timestamp + 30)
            ledger.refresh(ahead)
            assert ledger.mismatches(ahead) == []
        for plan in _plans(ledger):
            if walk.random.random() < 0.3:
                walk.call(*[call.calldata for call in plan.calls])
                ledger.advance()
                kinds.update(type(event).__name__ for _, event in ledger.log_events)
                _equal(synthetix_devnet, ledger)
    history = SynthetixLedger.start(synthetix_devnet.rpc, synthetix_devnet.deployment)
    assert _state(history) == _state(ledger)
    assert kinds["OrderSettled"] > 20, kinds
    assert kinds["CollateralModified"] > 5, kinds
    assert kinds["PositionLiquidated"] > 3, kinds
    assert kinds["OrderCommitted"] > kinds["OrderSettled"], kinds


@pytest.mark.parametrize("seed", [11])
def test_plans_pay_what_they_say_and_nobody_is_missed(synthetix_devnet: SynthetixDevnet, driver: SynthetixDriver, seed: int) -> None:
    """Each plan's call, made by the keeper at the head, returns the expected reward to the last unit; and the accounts found through
    watch boxes are those found by evaluating everybody."""
    ledger = SynthetixLedger.start(synthetix_devnet.rpc, synthetix_devnet.deployment)
    walk, watcher, calls = RandomWalk(synthetix_devnet, driver, seed), Watcher(ledger.venue, ledger.book), Counter[Breach]()
    for _ in range(_BLOCKS):
        walk.step()
        watcher.due |= ledger.advance()
        assert ledger.head is not None
        assert watcher.look(ledger.head.timestamp) == set(ledger.breached())
        plans = _plans(ledger)
        for plan in plans if _has_fresh_prices(ledger) else ():
            calls[plan.breach] += 1
            assert _reward_of(synthetix_devnet, ledger, plan) == plan.expected_reward.raw, plan
        for plan in plans:
            if walk.random.random() < 0.3:
                walk.call(*[call.calldata for call in plan.calls])
                watcher.due |= ledger.advance()
    assert calls[Breach.POSITIONS] > 3, calls
    assert calls[Breach.FLAGGED] > 0, calls
    assert calls[Breach.MARGIN_ONLY] > 0, calls
    assert watcher.evaluations < watcher.everybody / 2


def test_every_term_of_an_explanation_equals_the_contracts(synthetix_devnet: SynthetixDevnet, driver: SynthetixDriver) -> None:
    """For everybody, in the middle of a fall."""
    ledger = SynthetixLedger.start(synthetix_devnet.rpc, synthetix_devnet.deployment)
    walk, names = RandomWalk(synthetix_devnet, driver, 5), set[str]()
    for _ in range(12):
        walk.step()
    walk.driver.move("ETH", walk.prices_8["ETH"] * 93 // 100, seconds=600)
    ledger.advance()
    assert ledger.head is not None
    for key in sorted(ledger.book.account_keys()):
        explanation = ledger.run(ledger.venue.explain(key, ledger.book, ledger.head.timestamp), ledger.head)
        terms = [term for term in explanation.terms if term.chain is not None]
        assert [term for term in terms if term.chain != term.local] == []
        names |= {term.name for term in terms}
    required = {"ETH funding", "BTC interest", "ETH window capacity", "sWETH collateral", "liquidation reward", "available margin"}
    assert required <= names


def _equal(devnet: SynthetixDevnet, ledger: SynthetixLedger) -> None:
    """Everybody's figures, and that none of them needed an inspection."""
    assert ledger.head is not None
    keys, book, now = sorted(ledger.book.account_keys()), ledger.book, ledger.head.timestamp
    assert ledger.run(ledger.venue.inspect(keys, book, now), ledger.head) == []
    assert ledger.mismatches() == []
    views = account_views(devnet.rpc, devnet.deployment, [int(key) for key in keys], ledger.head.hash)
    for key in keys:
        view, margin, account = views[int(key)], margin_of(book.accounts[key], book, now), book.accounts[key]
        assert margin is not None
        assert ledger.venue.health(key, book, now).liquidatable == (view.liquidatable or view.margin_liquidatable), key
        assert account.debt == view.debt_18
        if account.positions:
            assert (margin.initial + margin.reward, margin.reward) == (view.initial_requirement_18, view.reward_18)


def _plans(ledger: SynthetixLedger) -> Sequence[LiquidationPlan]:
    """Of everybody in breach at the head."""
    assert ledger.head is not None
    venue, book, now = ledger.venue, ledger.book, ledger.head.timestamp
    answers = [venue.plan(key, book, now, _KEEPER, NOTHING) for key in ledger.breached()]
    return [one for one in answers if isinstance(one, LiquidationPlan)]


def _reward_of(devnet: SynthetixDevnet, ledger: SynthetixLedger, plan: LiquidationPlan) -> int:
    """What the plan's call returns at the head."""
    assert ledger.head is not None
    (call,) = plan.calls
    fields = {"from": devnet.deployment.keeper, "to": call.target, "data": "0x" + call.calldata.hex()}
    time = {"time": hex(ledger.head.timestamp)}
    return int(devnet.rpc.call("eth_call", fields, {"blockHash": ledger.head.hash}, {}, time), 16)


def _has_fresh_prices(ledger: SynthetixLedger) -> bool:
    """Whether a liquidation at the head would take every price."""
    assert ledger.head is not None
    return all(ledger.head.timestamp - price.publish_time <= _STRICT_SECONDS for price in ledger.book.prices.values())


def _state(ledger: SynthetixLedger) -> object:
    """What events made, without what was read for a time."""
    book = ledger.book
    return [dict(one) for one in (book.accounts, book.markets, book.globals, book.interest, book.prices)]
