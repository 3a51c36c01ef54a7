"""A reorg: what was applied is undone, and nothing tells that it happened."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.chain import Chain
from tests.contract.contents import contents_of
from tests.contract.path import PPM, STEPS, Paths, Step

_SEED = 3
_ROUNDS = 30


@settings(max_examples=60, deadline=None)
@given(before=st.lists(STEPS, max_size=3), orphaned=st.lists(STEPS, min_size=1, max_size=4))
def test_applied_and_rolled_back_is_as_before(paths: Paths, before: list[Step], orphaned: list[Step]) -> None:
    """Accounts, markets, parameters and reads, after any number of blocks; the accounts that were touched are named."""
    path = paths.start(PPM // 2)
    for step in before:
        path.advance(step)
    number, contents = path.number, contents_of(path.book)
    touched = {key for step in orphaned for key in path.advance(step)}
    assert contents_of(path.book) != contents
    changed = path.book.rollback(number)
    assert contents_of(path.book) == contents
    assert touched & path.book.account_keys() <= changed


@pytest.mark.fork
def test_real_blocks_rolled_back_and_applied_again(chain: Chain, request: pytest.FixtureRequest) -> None:
    """With all their reads; applied again they lead to the same book."""
    node = request.getfixturevalue(chain.fixture)
    ledger = chain.ledger(node)
    with chain.walk(node, _SEED) as walk:
        ledger.advance()
        for _ in range(_ROUNDS):
            head, before = ledger.head, contents_of(ledger.book)
            assert head is not None
            walk.step()
            touched = ledger.advance()
            ledger.inspect(sorted(ledger.book.account_keys()))
            after = contents_of(ledger.book)
            changed = ledger.book.rollback(head.number)
            assert contents_of(ledger.book) == before != after
            assert touched & ledger.book.account_keys() <= changed
            ledger.head = head
            ledger.advance()
            ledger.inspect(sorted(ledger.book.account_keys()))
            assert contents_of(ledger.book) == after


@pytest.mark.fork
def test_everything_that_can_happen_rolled_back(chain: Chain, request: pytest.FixtureRequest) -> None:
    """Every event of the recording, parameters and all, in one reorg."""
    node = request.getfixturevalue(chain.fixture)
    ledger = chain.ledger(node)
    head, before = ledger.head, contents_of(ledger.book)
    assert head is not None
    chain.every_event(node)
    touched = ledger.advance()
    assert contents_of(ledger.book) != before
    changed = ledger.book.rollback(head.number)
    assert contents_of(ledger.book) == before
    assert touched & ledger.book.account_keys() <= changed
