"""The book at any block for a person: the lake's final part, then the chain's own logs, and nothing is recorded."""

import asyncio

import pytest

from keeper.engine.evaluator import Evaluator
from keeper.engine.questions import ChainQuestions
from keeper.engine.recovery import Progress, Recovery, RecoveryOptions
from keeper.engine.survey import Survey
from tests.keeper.engine.fakes import block_ref
from tests.keeper.engine.memory import HistoryChain, ListLake
from tests.keeper.engine.toy import Liquidated, Opened, ToyVenue

DEPTH = 4
HISTORY: dict[int, list[Opened | Liquidated]] = {
    3: [Opened("0xa", 10, 500)],
    9: [Opened("0xb", 2, 90)],
    12: [Liquidated("0xa", "0xc")],
    16: [Opened("0xd", 7, 100)],
}


def _evaluator(chain: HistoryChain) -> Evaluator:
    return Evaluator(ToyVenue({}), ChainQuestions(chain), executor=None, block_seconds=2, forecast=False)


def _surveyed(chain: HistoryChain, memory: ListLake | None, number: int, progress: list[Progress] | None = None) -> set[str]:
    report = (progress if progress is not None else []).append
    evaluator = _evaluator(chain)
    survey = Survey(chain, chain, memory, start_block=3, finality_depth=DEPTH, report=report)
    asyncio.run(survey.bring_to("toy", evaluator, block_ref(number)))
    return set(evaluator.book.account_keys())


def _recorded(chain: HistoryChain) -> ListLake:
    """A lake whose cursor stands at the chain's newest final block."""
    memory = ListLake()
    options = RecoveryOptions(1, 3, DEPTH, record_reads=True)
    recovery = Recovery(chain, chain, memory, options, lambda _: None, lambda: 1.0, lambda *_: None)
    asyncio.run(recovery.run({"toy": _evaluator(chain)}))
    chain.asked.clear()
    return memory


@pytest.mark.parametrize(("number", "expected"), [(3, {"0xa"}), (10, {"0xa", "0xb"}), (12, {"0xb"}), (17, {"0xb", "0xd"})])
def test_with_and_without_a_lake_the_book_is_the_same(number: int, expected: set[str]) -> None:
    chain = HistoryChain(newest=17, events=HISTORY)
    assert _surveyed(chain, None, number) == expected
    assert _surveyed(chain, _recorded(chain), number) == expected


def test_only_the_lakes_final_blocks_are_taken_and_the_rest_is_fetched() -> None:
    chain = HistoryChain(newest=17, events=HISTORY)
    memory, progress = _recorded(chain), list[Progress]()
    _surveyed(chain, memory, 17, progress)
    assert chain.asked == [(10, 17)], "the cursor stands at 13; only what lies four blocks below it cannot change any more"
    assert [item.block for item in progress if item.stage == "lake"] == [3, 9]


def test_a_block_before_the_lakes_beginning_needs_no_lake() -> None:
    chain = HistoryChain(newest=7, events=HISTORY)
    memory = _recorded(chain)
    assert _surveyed(chain, memory, 3) == {"0xa"}
    assert chain.asked == [(3, 3)], "the cursor is too young for any of its blocks to be final"


def test_a_survey_records_nothing() -> None:
    chain = HistoryChain(newest=17, events=HISTORY)
    memory = _recorded(chain)
    rows, blocks = len(memory.rows), len(memory.blocks)
    _surveyed(chain, memory, 17)
    assert (len(memory.rows), len(memory.blocks)) == (rows, blocks)
