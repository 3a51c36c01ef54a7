"""Inside its watch box an account is healthy: who is found through boxes is who is found by evaluating everybody."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.domain.chain import Timestamp
from keeper.domain.fixed import sign
from tests.contract.chain import Chain
from tests.contract.path import PPM, STEPS, Path, Paths, Step
from tests.keeper.venues.watcher import Watcher

_SEED = 11
_ROUNDS = 80
_BLOCK_SECONDS = 12
_LIQUIDATED_SHARE = 0.2
_HIGH_LEVERAGE_PPM = 9 * PPM // 10
_QUIET = Step(2, 10, 0)


def _breached(path: Path) -> set[str]:
    return {key for key in path.book.account_keys() if path.venue.health(key, path.book, path.now).liquidatable}


@settings(max_examples=150, deadline=None)
@given(leverage_ppm=st.integers(PPM // 20, PPM), steps=st.lists(STEPS, min_size=1, max_size=8))
def test_nobody_is_missed_on_a_random_path(paths: Paths, leverage_ppm: int, steps: list[Step]) -> None:
    """Shocks, trades of others, and weeks in which nothing but time passes."""
    path = paths.start(leverage_ppm)
    watcher = Watcher(path.venue, path.book)
    watcher.look(path.now)
    for step in steps:
        watcher.due |= path.advance(step)
        assert watcher.look(path.now) == _breached(path)


def test_boxes_save_work(paths: Paths) -> None:
    """In quiet times few are evaluated: a box that holds nothing would be safe too."""
    path = paths.start(_HIGH_LEVERAGE_PPM)
    watcher = Watcher(path.venue, path.book)
    watcher.look(path.now)
    for _ in range(20):
        watcher.due |= path.advance(_QUIET)
        watcher.look(path.now)
    assert watcher.evaluations < watcher.everybody / 4


def test_a_path_leads_into_danger(paths: Paths) -> None:
    """Somebody long when the price halves, somebody short when it triples: else a random path would prove nothing."""
    path = paths.start(_HIGH_LEVERAGE_PPM)
    positions = [one for key in path.book.account_keys() for one in path.venue.positions(key, path.book, path.now)]
    directions = {sign(one.size_x18) for one in positions}
    assert directions
    for direction in directions:
        shock = paths.start(_HIGH_LEVERAGE_PPM)
        shock.advance(Step(2, -PPM // 2 if direction > 0 else 2 * PPM, 0))
        assert _breached(shock)


@pytest.mark.fork
def test_nobody_is_missed_on_the_chain(chain: Chain, request: pytest.FixtureRequest) -> None:
    """At every block's time and a block ahead, through random trading on the real contracts."""
    node = request.getfixturevalue(chain.fixture)
    ledger, random, count = chain.ledger(node), Random(_SEED), 0
    watcher = Watcher(ledger.venue, ledger.book, ledger.inspect)
    with chain.walk(node, _SEED) as walk:
        for _ in range(_ROUNDS):
            watcher.due |= ledger.advance()
            assert ledger.head is not None
            now = ledger.head.timestamp
            ahead = Timestamp(now + _BLOCK_SECONDS)
            ledger.refresh(ahead)
            breached = watcher.look(now, ahead)
            for at in (now, ahead):
                ledger.inspect(sorted(ledger.book.account_keys()), at)
            assert breached == {*ledger.breached(now), *ledger.breached(ahead)}
            count += len(breached)
            for key in sorted(breached):
                if random.random() < _LIQUIDATED_SHARE:
                    walk.liquidate(key)
            walk.step()
    assert count > 3
    assert watcher.evaluations < watcher.everybody / 2
