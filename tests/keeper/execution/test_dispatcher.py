"""The dispatcher's judgement where a real node cannot be made to misbehave: late receipts, wrong forks, words of refusal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from keeper.domain.account import AccountKey
from keeper.domain.attempt import Attempt, Job, Part, Payment
from keeper.domain.chain import Address, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.outcome import Dropped, Included, Reverted
from keeper.domain.stages import Stages
from keeper.errors import NonceConflict, RpcError, RpcUnavailable
from keeper.execution.dispatcher import DispatcherOptions, TransactionDispatcher
from keeper.execution.local_signer import LocalSigner
from tests.keeper.execution.quiet_node import QuietNode, block, live

GWEI = 10**9
FEES = Fees(2 * GWEI, GWEI)
GAS = 100_000


@asynccontextmanager
async def dispatching(node: QuietNode, state_dir: Path, **changes: Any) -> AsyncIterator[TransactionDispatcher]:
    settings: dict[str, Any] = {
        "chain_id": 1,
        "state_dir": state_dir,
        "max_fee_cap_wei": 100 * GWEI,
        "spending_cap_wei_per_day": 10**18,
        "bump_after_blocks": 2,
        **changes,
    }
    async with TransactionDispatcher(DispatcherOptions(**settings), LocalSigner(Account.from_key(b"\x01" * 32)), node) as dispatcher:
        await dispatcher.start()
        yield dispatcher


def job(name: str, at: int = 10, budget_wei: int = 10**17) -> Job:
    to = Address("0x" + "aa" * 20)
    return Job((Part(CandidateId(name), "venue", AccountKey(name)),), block(at), to, name.encode(), GAS, budget_wei)


async def sent(dispatcher: TransactionDispatcher, name: str, fees: Fees = FEES) -> Attempt:
    (attempt,) = await dispatcher.send(job(name), fees)
    return attempt


def refusal(words: str) -> RpcError:
    return RpcError(-32000, words)


def test_a_receipt_that_comes_later_than_the_count_is_waited_for(tmp_path: Path) -> None:
    """Looking twice at one head is one look: a stopping daemon asks often."""
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            attempt = await sent(dispatcher, "a")
            node.used = 1
            for number in (11, 11, 11, 12, 12):
                assert await dispatcher.track(block(number)) == []
            node.mine(attempt.transaction_hash, block(11))
            (item,) = await dispatcher.track(block(13))
            assert isinstance(item.outcome, Included)
            assert item.outcome.block.hash == block(11).hash
            assert item.outcome.gas_cost_wei == 50_000 * GWEI

    live(scenario)


def test_a_nonce_used_by_nobody_we_know_is_a_conflict_after_three_heads(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            await sent(dispatcher, "a")
            node.used = 1
            node.use(dispatcher.sender, 0, block(11))
            assert await dispatcher.track(block(11)) == []
            assert await dispatcher.track(block(12)) == []
            with pytest.raises(NonceConflict, match=r"nonce 0 was used by a transaction this keeper did not send .*: somebody else"):
                await dispatcher.track(block(13))

    live(scenario)


def test_a_receipt_of_another_fork_or_above_the_head_is_no_outcome(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path, bump_after_blocks=9) as dispatcher:
            attempt = await sent(dispatcher, "a")
            node.used = 1
            node.mine(attempt.transaction_hash, block(13))
            for number in (10, 11, 12):
                assert await dispatcher.track(block(number)) == [], "the engine is not there yet"
            node.mine(attempt.transaction_hash, block(12, fork=1))
            node.canonical[12] = block(12)
            for number in (13, 14, 15, 16):
                assert await dispatcher.track(block(number)) == [], "the receipt's block is not the canonical one"
            node.canonical[12] = block(12, fork=1)
            assert await dispatcher.track(block(17)) == [], "not on the chain the engine follows"
            (item,) = await dispatcher.track(block(12, fork=1))
            assert isinstance(item.outcome, Included)
            assert item.outcome.block == block(12, fork=1)

    live(scenario)


def test_a_node_that_fails_or_talks_nonsense_only_delays(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path, bump_after_blocks=9) as dispatcher:
            attempt = await sent(dispatcher, "a")
            node.mine(attempt.transaction_hash, block(11))
            node.used = 1
            for answer in (RpcUnavailable("down"), RpcError(-32603, "internal error"), {"blockNumber": "0x1"}, "0x1"):
                node.answers["eth_getTransactionReceipt"] = answer
                assert await dispatcher.track(block(12)) == []
            del node.answers["eth_getTransactionReceipt"]
            assert len(await dispatcher.track(block(12))) == 1

    live(scenario)


def test_an_underpriced_replacement_goes_higher_at_once_within_its_budget(tmp_path: Path) -> None:
    """A pool may hold a dearer transaction than the outbox remembers: after a raise that only another node heard."""
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            await sent(dispatcher, "a")
            node.refusals = [refusal("replacement transaction underpriced")]
            await dispatcher.track(block(12))
            _, *raised = dispatcher.signed()
            assert [attempt.fees.max_fee_wei for attempt in raised] == [2 * GWEI * 5 // 4, 2 * GWEI * 25 // 16]
            assert node.sent[-1] == raised[-1].transaction_hash
            assert len(node.sent) == 2

    live(scenario)


def test_a_raise_the_wallet_cannot_pay_leaves_the_first_one_alive(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            first = await sent(dispatcher, "a")
            node.refusals = [refusal("insufficient funds for gas * price + value")]
            assert await dispatcher.track(block(12)) == []
            assert dispatcher.open_accounts() == {("venue", "a")}
            node.mine(first.transaction_hash, block(13))
            (item,) = await dispatcher.track(block(13))
            assert item.attempt.transaction_hash == first.transaction_hash

    live(scenario)


def test_a_transaction_no_node_can_ever_take_is_dropped_with_their_words(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            node.refusals = [refusal("exceeds block gas limit")]
            attempt = await sent(dispatcher, "a")
            (item,) = await dispatcher.track(block(11))
            assert item.outcome == Dropped(attempt.transaction_hash, "invalid: exceeds block gas limit")
            assert (await sent(dispatcher, "b")).nonce == attempt.nonce

    live(scenario)


def test_an_unbroadcast_job_is_offered_again_at_every_head(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path, bump_after_blocks=9) as dispatcher:
            node.refusals = [RpcUnavailable("down"), refusal("txpool is full"), RpcUnavailable("down")]
            attempt = await sent(dispatcher, "a")
            assert node.sent == []
            for number in (11, 12, 13):
                await dispatcher.track(block(number))
            assert node.sent == [attempt.transaction_hash]
            await dispatcher.track(block(14))
            assert node.sent == [attempt.transaction_hash] * 2, "a block has left it over: pools forget"

    live(scenario)


def test_a_revert_is_explained(tmp_path: Path) -> None:
    node = QuietNode()
    node.answers["eth_getTransactionByHash"] = {"to": "0x" + "aa" * 20, "input": "0x", "gas": "0x1"}
    node.answers["eth_call"] = RpcError(3, "execution reverted", bytes.fromhex("deadbeef"))

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            attempt = await sent(dispatcher, "a")
            node.mine(attempt.transaction_hash, block(11), succeeded=False)
            (item,) = await dispatcher.track(block(11))
            assert isinstance(item.outcome, Reverted)
            assert item.outcome.data == bytes.fromhex("deadbeef")

    live(scenario)


def test_only_the_lanes_next_or_a_starved_one_is_raised(tmp_path: Path) -> None:
    """What waits behind another for no fault of its own keeps its price; what does not pay any more follows the base fee at once."""
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            attempts = [await sent(dispatcher, name) for name in ("a", "b")]
            await dispatcher.track(block(12))
            assert [attempt.nonce for attempt in dispatcher.signed()[2:]] == [attempts[0].nonce]
        starved = QuietNode()
        async with dispatching(starved, tmp_path / "other") as dispatcher:
            for name in ("a", "b"):
                await sent(dispatcher, name)
            await dispatcher.track(replace(block(11), base_fee_wei=2 * GWEI))
            with_room = 2 * GWEI * 81 // 64 + 1 + GWEI * 5 // 4
            assert [(each.nonce, each.fees.max_fee_wei) for each in dispatcher.signed()[2:]] == [(0, with_room), (1, with_room)]

    live(scenario)


def test_what_the_chain_takes_for_l1_is_reserved_within_the_spending_cap(tmp_path: Path) -> None:
    """Two transactions whose gas alone would fit twice: the first one's data fee leaves no room for the second's."""
    node, worst, fee = QuietNode(), GAS * FEES.max_fee_wei, 7 * GWEI

    async def scenario() -> None:
        cap = 2 * worst + 2 * fee - 1
        async with dispatching(
            node, tmp_path, spending_cap_wei_per_day=cap, data_fee_wei=lambda calldata: fee * len(calldata)
        ) as dispatcher:
            await sent(dispatcher, "a")
            assert await dispatcher.send(job("b"), FEES) == ()
        async with dispatching(node, tmp_path, spending_cap_wei_per_day=cap + 1, data_fee_wei=lambda _: fee) as dispatcher:
            await sent(dispatcher, "b")

    live(scenario)


def test_limits_of_gas_and_fee_refuse(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path, max_gas_limit=GAS - 1) as dispatcher:
            assert await dispatcher.send(job("a"), FEES) == ()
        async with dispatching(node, tmp_path, max_fee_cap_wei=FEES.max_fee_wei - 1) as dispatcher:
            assert await dispatcher.send(job("a"), FEES) == ()
        assert node.sent == []

    live(scenario)


def test_what_the_lake_remembers_counts_towards_the_spending_cap(tmp_path: Path) -> None:
    """And where the lane goes on."""
    node, worst = QuietNode(used=8), GAS * FEES.max_fee_wei

    async def scenario() -> None:
        async with dispatching(node, tmp_path, spending_cap_wei_per_day=2 * worst) as dispatcher:
            ((sender, since),) = dispatcher.payments_unknown().items()
            dispatcher.remember(sender, [Payment(7, Hash32("0x" + "77" * 32), 9, block(9).hash, worst, since + 10**6)])
            assert dispatcher.payments_unknown() == {}
            assert (await sent(dispatcher, "a")).nonce == 8
            assert await dispatcher.send(job("b"), FEES) == ()

    live(scenario)


def test_a_transaction_says_when_it_was_committed_and_accepted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with dispatching(QuietNode(), tmp_path) as dispatcher:
            (attempt,) = await dispatcher.send(replace(job("a"), stages=Stages(seen_us=1)), FEES)
            stages = attempt.stages
            assert stages.seen_us == 1
            assert stages.committed_us is not None
            assert stages.accepted_us is not None
            assert attempt.sent_at_us <= stages.committed_us <= stages.accepted_us
            assert [each.stages for each in dispatcher.signed()] == [stages]

    live(scenario)


@dataclass
class HesitantNode(QuietNode):
    """Answers about a transaction only once it may."""

    offered: asyncio.Event = field(default_factory=asyncio.Event)
    allowed: asyncio.Event = field(default_factory=asyncio.Event)

    async def request(self, method: str, params: Sequence[Any]) -> Any:
        if method == "eth_sendRawTransaction":
            self.offered.set()
            await self.allowed.wait()
        return await super().request(method, params)


def test_a_transaction_is_told_once_a_node_has_answered(tmp_path: Path) -> None:
    async def scenario() -> None:
        node = HesitantNode()
        async with dispatching(node, tmp_path) as dispatcher:
            sending = asyncio.create_task(dispatcher.send(job("a"), FEES))
            await node.offered.wait()
            assert dispatcher.signed() == []
            node.allowed.set()
            assert dispatcher.signed() == []
            assert list(await sending) == dispatcher.signed()

    live(scenario)


def test_a_transaction_whose_sending_is_cancelled_is_told_all_the_same(tmp_path: Path) -> None:
    async def scenario() -> None:
        node = HesitantNode()
        async with dispatching(node, tmp_path) as dispatcher:
            sending = asyncio.create_task(dispatcher.send(job("a"), FEES))
            await node.offered.wait()
            sending.cancel()
            await asyncio.wait({sending})
            assert [attempt.candidate_id for attempt in dispatcher.signed()] == ["a"]

    live(scenario)
