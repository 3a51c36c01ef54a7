"""Replacements: as much as others pay, within what the job is worth by now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.domain.account import AccountKey
from keeper.domain.attempt import Attempt
from keeper.domain.fees import Fees
from tests.keeper.execution.quiet_node import QuietNode, block, live
from tests.keeper.execution.test_dispatcher import FEES, GAS, GWEI, dispatching, job, sent

CAP = 100 * GWEI
BUDGET = 40 * GWEI * GAS
FEE = st.integers(0, 60 * GWEI)
STEP = st.tuples(FEE, FEE, st.none() | st.integers(0, 60 * GWEI * GAS))
"""Base fee, what others pay on top, and what the job is said to be worth at a head; None for nothing said."""


async def _life(folder: Path, steps: Sequence[tuple[int, int, int | None]]) -> list[tuple[Attempt, int]]:
    """What is signed for one job while nobody mines it, each with the budget it had by then."""
    market = [0]
    async with dispatching(QuietNode(), folder, market_tip_wei=lambda: market[0], max_bumps=99, dropped_after_blocks=99) as dispatcher:
        await dispatcher.send(job("a", budget_wei=BUDGET), FEES)
        signed = [(attempt, BUDGET) for attempt in dispatcher.signed()]
        budget = BUDGET
        for number, (base_fee, market_tip, worth) in enumerate(steps, start=11):
            market[0] = market_tip
            dispatcher.revalue("venue", {} if worth is None else {AccountKey("a"): worth})
            budget = BUDGET if worth is None else worth
            await dispatcher.track(replace(block(number), base_fee_wei=base_fee))
            signed += [(attempt, budget) for attempt in dispatcher.signed()]
    return signed


@settings(max_examples=40, deadline=None)
@given(st.lists(STEP, max_size=8))
def test_whatever_base_fee_market_and_worth_do_a_replacement_fits(steps: list[tuple[int, int, int | None]]) -> None:
    """Within the job's worth and the operator's cap, and both figures a tenth above those it replaces, as pools ask."""
    with TemporaryDirectory() as folder:
        signed = asyncio.run(_life(Path(folder), steps))
    assert signed
    for attempt, budget in signed:
        assert attempt.fees.max_fee_wei * GAS <= budget
        assert attempt.fees.max_fee_wei <= CAP
    for (before, _), (after, _) in pairwise(signed):
        assert after.nonce == before.nonce
        assert 10 * after.fees.max_fee_wei >= 11 * before.fees.max_fee_wei
        assert 10 * after.fees.priority_fee_wei >= 11 * before.fees.priority_fee_wei


def _raised(tmp_path: Path, market_tip: int, worth: int | None) -> Fees | None:
    """The fees of the one replacement after the job has waited long enough, at a base fee of a gwei."""
    steps = [(GWEI, market_tip, worth)] * 2
    _, *replacements = asyncio.run(_life(tmp_path, steps))
    return replacements[0][0].fees if replacements else None


def test_a_replacement_pays_at_once_what_others_pay(tmp_path: Path) -> None:
    """And not a quarter more at a time; of a market that is too dear a tenth of what the job is worth above the base fee."""
    tips = [_raised(tmp_path / str(tip), tip, None) for tip in (3 * GWEI, 20 * GWEI)]
    assert [fees.priority_fee_wei for fees in tips if fees is not None] == [3 * GWEI, 39 * GWEI // 10]


def test_a_replacement_pays_a_quarter_more_where_others_pay_less(tmp_path: Path) -> None:
    fees = _raised(tmp_path, GWEI // 2, None)
    assert fees is not None
    assert fees.priority_fee_wei == FEES.priority_fee_wei * 5 // 4


def test_a_job_that_is_worth_less_by_now_is_raised_no_further(tmp_path: Path) -> None:
    """A tenth of what is left of it above the base fee; not at all when its account is in breach no more."""
    fees = _raised(tmp_path, 20 * GWEI, 20 * GWEI * GAS)
    assert fees is not None
    assert fees.priority_fee_wei == 19 * GWEI // 10
    assert _raised(tmp_path / "healthy", 20 * GWEI, 0) is None


def test_a_new_job_of_the_same_account_has_a_budget_of_its_own(tmp_path: Path) -> None:
    """What was said of the one before does not bind it."""

    async def scenario() -> None:
        async with dispatching(QuietNode(), tmp_path, max_bumps=99) as dispatcher:
            dispatcher.revalue("venue", {AccountKey("a"): 0})
            await sent(dispatcher, "a")
            dispatcher.signed()
            for number in (11, 12):
                await dispatcher.track(block(number))
            assert len(dispatcher.signed()) == 1

    live(scenario)


def test_a_venue_says_nothing_of_another_venues_jobs(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with dispatching(QuietNode(), tmp_path, max_bumps=99) as dispatcher:
            await sent(dispatcher, "a")
            dispatcher.signed()
            dispatcher.revalue("venue", {AccountKey("a"): 0})
            dispatcher.revalue("other", {})
            for number in (11, 12):
                await dispatcher.track(block(number))
            assert dispatcher.signed() == []

    live(scenario)
