"""A dispatcher whose signer must be waited for: nobody takes the nonce meanwhile, tracking goes on, and what comes too late is not used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from keeper.domain.chain import BlockRef
from keeper.domain.outcome import Included
from keeper.errors import SignerUnavailable
from keeper.execution.dispatcher import DispatcherOptions, TransactionDispatcher
from tests.keeper.execution.gated_signer import GatedSigner
from tests.keeper.execution.quiet_node import QuietNode, block, live
from tests.keeper.execution.test_dispatcher import FEES, GAS, GWEI, job, sent


@asynccontextmanager
async def _dispatching(node: QuietNode, signer: GatedSigner, state_dir: Path, **changes: Any) -> AsyncIterator[TransactionDispatcher]:
    settings: dict[str, Any] = {"chain_id": 1, "state_dir": state_dir, "max_fee_cap_wei": 100 * GWEI, "bump_after_blocks": 2}
    options = DispatcherOptions(**settings, **{"spending_cap_wei_per_day": 10**18, **changes})
    async with TransactionDispatcher(options, signer, node) as dispatcher:
        await dispatcher.start()
        yield dispatcher


async def _turns(count: int = 20) -> None:
    """Whatever can go on goes on."""
    for _ in range(count):
        await asyncio.sleep(0)


async def _tracked(dispatcher: TransactionDispatcher, *heads: BlockRef) -> None:
    for head in heads:
        await dispatcher.track(head)
        await _turns()


def test_two_jobs_get_two_nonces_one_after_the_other(tmp_path: Path) -> None:
    node, signer = QuietNode(), GatedSigner()

    async def scenario() -> None:
        async with _dispatching(node, signer, tmp_path) as dispatcher:
            sends = [asyncio.create_task(dispatcher.send(job(name), FEES)) for name in ("a", "b")]
            await _turns()
            assert [each.nonce for each in signer.asked] == [0], "the second waits for its turn"
            assert node.sent == []
            signer.gate.set()
            attempts = await asyncio.gather(*sends)
            assert [attempt.nonce for (attempt,) in attempts] == [0, 1]
            assert len(node.sent) == 2

    live(scenario)


def test_tracking_goes_on_while_a_signature_is_awaited(tmp_path: Path) -> None:
    """Also where fees are to be raised, which need one too."""
    node, signer = QuietNode(), GatedSigner.opened()

    async def scenario() -> None:
        async with _dispatching(node, signer, tmp_path) as dispatcher:
            first, second = [await sent(dispatcher, name) for name in ("a", "b")]
            signer.gate.clear()
            waiting = asyncio.create_task(dispatcher.send(job("c"), FEES))
            await _tracked(dispatcher, block(12))
            node.mine(first.transaction_hash, block(13))
            node.used = 1
            (item,) = await dispatcher.track(block(13))
            assert isinstance(item.outcome, Included)
            assert dispatcher.open_accounts() == {("venue", "b")}
            signer.gate.set()
            (attempt,) = await waiting
            assert attempt.nonce == second.nonce + 1

    live(scenario)


def test_fees_are_raised_as_soon_as_the_signer_answers(tmp_path: Path) -> None:
    node, signer = QuietNode(), GatedSigner.opened()

    async def scenario() -> None:
        async with _dispatching(node, signer, tmp_path) as dispatcher:
            first = await sent(dispatcher, "a")
            signer.gate.clear()
            await _tracked(dispatcher, block(12), block(13))
            assert len(signer.asked) == 2, "it is asked once, however many heads go by"
            assert [attempt.transaction_hash for attempt in dispatcher.signed()] == [first.transaction_hash]
            signer.gate.set()
            await _turns(200)
            (raised,) = dispatcher.signed()
            assert (raised.nonce, raised.replaces) == (0, first.transaction_hash)
            assert node.sent[-1] == raised.transaction_hash

    live(scenario)


def test_a_raise_that_is_signed_after_the_block_took_the_nonce_is_thrown_away(tmp_path: Path) -> None:
    node, signer = QuietNode(), GatedSigner.opened()

    async def scenario() -> None:
        async with _dispatching(node, signer, tmp_path) as dispatcher:
            first = await sent(dispatcher, "a")
            signer.gate.clear()
            await _tracked(dispatcher, block(12))
            node.mine(first.transaction_hash, block(13))
            node.used = 1
            assert len(await dispatcher.track(block(13))) == 1
            signer.gate.set()
            await _turns(200)
            assert [attempt.transaction_hash for attempt in dispatcher.signed()] == [first.transaction_hash]
            assert node.sent == [first.transaction_hash]
            assert (await sent(dispatcher, "b")).nonce == 1

    live(scenario)


def test_a_signer_that_is_down_costs_no_nonce_and_nothing_is_written(tmp_path: Path) -> None:
    node, signer = QuietNode(), GatedSigner.opened()

    async def scenario() -> None:
        async with _dispatching(node, signer, tmp_path) as dispatcher:
            signer.down = True
            for name in ("a", "b"):
                with pytest.raises(SignerUnavailable):
                    await dispatcher.send(job(name), FEES)
            assert dispatcher.signed() == []
            assert dispatcher.open_accounts() == frozenset()
            signer.down = False
            assert (await sent(dispatcher, "a")).nonce == 0

    live(scenario)


def test_what_a_signer_that_is_down_should_have_raised_is_raised_at_a_later_head(tmp_path: Path) -> None:
    node, signer = QuietNode(), GatedSigner.opened()

    async def scenario() -> None:
        async with _dispatching(node, signer, tmp_path) as dispatcher:
            await sent(dispatcher, "a")
            signer.down = True
            await _tracked(dispatcher, block(12))
            assert len(dispatcher.signed()) == 1
            signer.down = False
            await _tracked(dispatcher, block(13))
            await _turns(200)
            (raised,) = dispatcher.signed()
            assert (raised.nonce, node.sent[-1]) == (0, raised.transaction_hash)

    live(scenario)


def test_a_candidate_is_signed_once_however_often_it_is_sent(tmp_path: Path) -> None:
    node, signer = QuietNode(), GatedSigner()

    async def scenario() -> None:
        async with _dispatching(node, signer, tmp_path) as dispatcher:
            sends = [asyncio.create_task(dispatcher.send(job("a"), FEES)) for _ in range(2)]
            await _turns()
            signer.gate.set()
            assert [len(attempts) for attempts in await asyncio.gather(*sends)] == [1, 0]
            assert len(node.sent) == 1

    live(scenario)


def test_the_cap_counts_when_the_signature_is_there_not_only_when_it_was_wanted(tmp_path: Path) -> None:
    """Two drafts fit singly; by the time the second is signed the first is written."""
    node, signer = QuietNode(), GatedSigner()

    async def scenario() -> None:
        async with _dispatching(node, signer, tmp_path, spending_cap_wei_per_day=GAS * FEES.max_fee_wei) as dispatcher:
            sends = [asyncio.create_task(dispatcher.send(job(name), FEES)) for name in ("a", "b")]
            await _turns()
            signer.gate.set()
            assert [len(attempts) for attempts in await asyncio.gather(*sends)] == [1, 0]

    live(scenario)


def test_a_dispatcher_closes_while_a_signature_is_awaited(tmp_path: Path) -> None:
    """What is being signed was never written: the next process knows nothing of it, and takes the nonce."""
    node, signer = QuietNode(), GatedSigner.opened()

    async def scenario() -> None:
        async with _dispatching(node, signer, tmp_path) as dispatcher:
            await sent(dispatcher, "a")
            signer.gate.clear()
            await _tracked(dispatcher, block(12))
        signer.gate.set()
        async with _dispatching(node, signer, tmp_path) as dispatcher:
            assert (await sent(dispatcher, "b")).nonce == 1

    live(scenario)


def test_what_is_signed_after_the_kill_switch_was_engaged_is_thrown_away(tmp_path: Path) -> None:
    """Nobody has heard of it, and its nonce is free when sending goes on."""
    node, signer, engaged = QuietNode(), GatedSigner(), asyncio.Event()

    async def scenario() -> None:
        async with _dispatching(node, signer, tmp_path, halt=engaged.is_set) as dispatcher:
            sending = asyncio.create_task(dispatcher.send(job("a"), FEES))
            await _turns()
            engaged.set()
            signer.gate.set()
            assert (await sending, node.sent, dispatcher.open_accounts()) == ((), [], frozenset())
            engaged.clear()
            assert (await sent(dispatcher, "a")).nonce == 0

    live(scenario)
