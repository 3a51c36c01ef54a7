"""Down, back for less than its grace period, silent: nothing is sent; asked within the requests there are anyway."""

import asyncio

import pytest

from keeper.domain.calldata import word
from keeper.domain.chain import Address, Timestamp
from keeper.domain.sequencer import Sequencer
from keeper.engine.questions import ChainQuestions
from keeper.engine.sequencer_uptime import SequencerUptime
from tests.keeper.engine.fakes import FakeChain, block_ref
from tests.keeper.engine.toy import ToyVenue

FEED = Address("0x" + "fe" * 20)
NOW = Timestamp(10_000)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (Sequencer(False, Timestamp(9_000)), "down since block time 9000"),
        (Sequencer(True, Timestamp(9_999)), "back since block time 9999, 3600 s of grace"),
        (Sequencer(True, Timestamp(6_401)), "back since block time 6401"),
        (Sequencer(True, Timestamp(10_002)), "back since block time 10002"),
        (None, f"{FEED} does not answer"),
    ],
    ids=["down", "just back", "almost there", "of the future", "no feed"],
)
def test_nothing_is_sent(state: Sequencer | None, words: str) -> None:
    uptime = SequencerUptime(FEED, 3_600)
    uptime.take(state)
    assert words in (uptime.problem(NOW) or "")


def test_what_has_been_up_for_long_is_no_problem_nor_what_nobody_has_asked() -> None:
    uptime = SequencerUptime(FEED, 3_600)
    assert uptime.problem(NOW) is None
    uptime.take(Sequencer(True, Timestamp(6_400)))
    assert uptime.problem(NOW) is None


def test_it_is_asked_with_the_market_reads_of_a_block_and_not_of_the_forecast() -> None:
    """No request more."""
    block, chain, uptime = block_ref(3), FakeChain(view=b"".join(map(word, (7, 1, 5, 5, 7)))), SequencerUptime(FEED, 60)
    later = Timestamp(block.timestamp + 2)
    venue, plain = ToyVenue({block.timestamp: 100, later: 100}), FakeChain()
    for each in (ChainQuestions(plain), ChainQuestions(chain, uptime=uptime)):
        asyncio.run(each.refresh(venue, venue.new_book(), block, block.timestamp))
    assert chain.requests == plain.requests == 1
    assert uptime.problem(block.timestamp) == "the sequencer is down since block time 5"
    chain.view = b""
    asyncio.run(ChainQuestions(chain, uptime=uptime).refresh(venue, venue.new_book(), block, later))
    assert uptime.problem(block.timestamp) == "the sequencer is down since block time 5"
