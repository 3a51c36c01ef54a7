"""The running proof takes everybody in turn and sees a difference of one unit."""

import asyncio

import pytest

from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockAdded
from keeper.domain.fixed import X18
from keeper.domain.money import Usd18
from keeper.domain.records import AccountSnapshotRecord
from keeper.engine.evaluator import Evaluator
from keeper.engine.parity import must_match
from keeper.engine.questions import ChainQuestions
from keeper.engine.recording import BlockKeys
from keeper.engine.tripwire import Tripwire, local_health
from keeper.errors import StateDivergence
from tests.keeper.engine.fakes import FakeChain, block_ref
from tests.keeper.engine.toy import JudgedToy, Opened, ToyVenue, log_of

BLOCK = block_ref(1)
WHERE = BlockKeys(1, "toy", BLOCK)
PRICES: dict[int, int] = {BLOCK.timestamp: 100}
# What the chain says of every account: 10 base at 100 USD, 500 of it borrowed.
VIEW = (500 * X18).to_bytes(32, "big", signed=True) + (100 * X18).to_bytes(32, "big")


def _evaluator(*names: str, venue: ToyVenue | None = None) -> Evaluator:
    venue = venue or ToyVenue(PRICES)
    evaluator = Evaluator(venue, ChainQuestions(FakeChain()), executor=None, block_seconds=2, forecast=False)
    logs = tuple(log_of(Opened(name, 10, 500), BLOCK, index) for index, name in enumerate(names))
    asyncio.run(evaluator.added(BlockAdded(BLOCK, logs)))
    return evaluator


def _compared(evaluator: Evaluator, *names: str, view: bytes = VIEW) -> list[AccountSnapshotRecord]:
    tripwire = Tripwire(FakeChain(view), every_blocks=1, accounts=9)
    return list(asyncio.run(tripwire.compare(evaluator, frozenset(AccountKey(name) for name in names), WHERE)))


def _begin(tripwire: Tripwire, evaluator: Evaluator) -> None:
    """The comparison after the start."""
    asyncio.run(tripwire.compare(evaluator, frozenset(), WHERE))


def test_the_rotation_reaches_everybody_before_anybody_twice() -> None:
    evaluator, tripwire = _evaluator("a", "b", "c", "d", "e"), Tripwire(FakeChain(), every_blocks=2, accounts=2)
    assert sorted(tripwire.sample("toy", evaluator, 1)) == ["a", "b", "c", "d", "e"], "everybody after the start"
    _begin(tripwire, evaluator)
    samples = [sorted(tripwire.sample("toy", evaluator, number)) for number in range(1, 9)]
    assert samples == [[], ["a", "b"], [], ["c", "d"], [], ["a", "e"], [], ["b", "c"]]


def test_every_venue_has_a_rotation_of_its_own() -> None:
    """Two deployments of one protocol, too: the one with more accounts does not make the other skip any."""
    small, large = _evaluator("b", "c"), _evaluator("d", "e", "f", "g", "h", "i")
    tripwire = Tripwire(FakeChain(), every_blocks=1, accounts=1)
    for name, evaluator in (("small", small), ("large", large)):
        assert tripwire.sample(name, evaluator, 1) == evaluator.book.account_keys(), "everybody after the start"
        asyncio.run(tripwire.compare(evaluator, frozenset(), BlockKeys(1, name, BLOCK)))
    samples = [(*tripwire.sample("small", small, number), *tripwire.sample("large", large, number)) for number in range(1, 5)]
    assert samples == [("b", "d"), ("c", "e"), ("b", "f"), ("c", "g")]


def test_newcomers_are_taken_when_their_turn_comes_and_who_left_is_passed_over() -> None:
    tripwire = Tripwire(FakeChain(), every_blocks=1, accounts=2)
    _begin(tripwire, _evaluator())
    assert sorted(tripwire.sample("toy", _evaluator("a", "b", "d"), 1)) == ["a", "b"]
    assert sorted(tripwire.sample("toy", _evaluator("a", "c", "d"), 2)) == ["c", "d"]


@pytest.mark.parametrize("every", [0, 3])
def test_blocks_without_a_comparison_have_no_sample(every: int) -> None:
    tripwire = Tripwire(FakeChain(), every_blocks=every, accounts=2)
    _begin(tripwire, _evaluator("a"))
    assert tripwire.sample("toy", _evaluator("a"), 7) == frozenset()


def test_an_empty_book_has_no_sample() -> None:
    assert Tripwire(FakeChain(), every_blocks=1, accounts=2).sample("toy", _evaluator(), 5) == frozenset()


def test_equal_figures_match_and_an_account_that_is_gone_is_left_out() -> None:
    rows = _compared(_evaluator("a", "b"), "a", "b", "gone")
    assert [(row.account, row.matches) for row in rows] == [("a", True), ("b", True)]
    must_match(rows)


def test_a_single_unit_is_a_divergence_that_names_account_block_and_both_figures() -> None:
    rows = _compared(_evaluator("a", venue=ToyVenue(PRICES, chain_offset=1)), "a")
    assert [row.matches for row in rows] == [False]
    with pytest.raises(StateDivergence, match=f"account a at block 1 .*equity {500 * X18} here, {500 * X18 + 1} on chain"):
        must_match(rows)


def test_the_requirement_is_compared_too() -> None:
    rows = _compared(_evaluator("a"), "a", view=VIEW[:32] + (100 * X18 - 1).to_bytes(32, "big"))
    with pytest.raises(StateDivergence, match=f"requirement {100 * X18} here, {100 * X18 - 1} on chain"):
        must_match(rows)


@pytest.mark.parametrize(
    ("verdict", "matches"), [(b"healthy: enough margin", True), (b"liquidatable: goes through", False), (b"unknown: paused", None)]
)
def test_a_contract_without_figures_is_compared_by_its_verdict(verdict: bytes, matches: bool | None) -> None:
    """Of an account that is healthy by our figures."""
    rows = _compared(_evaluator("a", venue=JudgedToy(PRICES)), "a", view=verdict)
    assert [(row.matches, row.chain_verdict) for row in rows] == [(matches, verdict.decode().split(":")[0])]


@pytest.mark.parametrize(
    ("price", "verdict", "words"),
    [
        (100, b"liquidatable: goes through", "breach none here, liquidatable on chain: goes through"),
        (50, b"healthy: enough margin", "breach positions here, healthy on chain: enough margin"),
    ],
)
def test_a_wrong_verdict_is_a_divergence_both_ways(price: int, verdict: bytes, words: str) -> None:
    rows = _compared(_evaluator("a", venue=JudgedToy({BLOCK.timestamp: price})), "a", view=verdict)
    with pytest.raises(StateDivergence, match=f"account a at block 1 .*{words}"):
        must_match(rows)


def test_local_figures_are_those_of_the_block_asked_about() -> None:
    (health,) = local_health(_evaluator("a"), frozenset({AccountKey("a")}), BLOCK).values()
    assert (health.equity, health.requirement) == (Usd18(500 * X18), Usd18(100 * X18))
