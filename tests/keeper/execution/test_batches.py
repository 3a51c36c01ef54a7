"""A transaction for several candidates: each has its attempt, its outcome out of the receipt's logs, and its share of the gas."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_utils.crypto import keccak

from keeper.domain.account import AccountKey
from keeper.domain.attempt import Job, Part, Settled
from keeper.domain.chain import Address
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.money import Usd18
from keeper.domain.outcome import Dropped, Included, Outbid, Outcome, Reverted
from keeper.domain.use import Use
from keeper.errors import RpcError
from keeper.execution.dispatcher import DispatcherOptions, TransactionDispatcher
from keeper.execution.local_signer import LocalSigner
from tests.keeper.execution.quiet_node import QuietNode, block, live

GWEI = 10**9
FEES = Fees(2 * GWEI, GWEI)
EXECUTOR = Address("0x" + "ee" * 20)
GAS, COST = 50_000, 50_000 * GWEI
"""What QuietNode's receipts say."""
USE = Use({"ETH": 10**18}, Usd18(5))


@asynccontextmanager
async def _dispatching(node: QuietNode, state_dir: Path, **changes: Any) -> AsyncIterator[TransactionDispatcher]:
    settings: dict[str, Any] = {"max_fee_cap_wei": 100 * GWEI, "spending_cap_wei_per_day": 10**18, "bump_after_blocks": 2, **changes}
    options = DispatcherOptions(chain_id=1, state_dir=state_dir, **settings)
    async with TransactionDispatcher(options, LocalSigner(Account.from_key(b"\x01" * 32)), node) as dispatcher:
        await dispatcher.start()
        yield dispatcher


def _batch(*names: str, at: int = 10) -> Job:
    parts = tuple(Part(CandidateId(f"{name}@{at}"), "venue", AccountKey(name), USE) for name in names)
    return Job(parts, block(at), EXECUTOR, "".join(names).encode(), 100_000 * len(names), 10**17)


def _executed(index: int, gas_used: int) -> dict[str, Any]:
    return _log("PlanExecuted(uint256,int256,uint256)", encode(("uint256", "int256", "uint256"), (index, 7, gas_used)))


def _failed(index: int, gas_used: int, reason: bytes = b"why") -> dict[str, Any]:
    return _log("PlanFailed(uint256,uint256,bytes)", encode(("uint256", "uint256", "bytes"), (index, gas_used, reason)))


def _log(event: str, data: bytes) -> dict[str, Any]:
    ref = block(11)
    topic, name = "0x" + keccak(text=event).hex(), "0x" + "11" * 32
    places = {"blockNumber": hex(11), "blockHash": ref.hash, "transactionHash": name, "logIndex": "0x0"}
    return {"address": EXECUTOR, "topics": [topic], "data": "0x" + data.hex(), **places}


def _by_account(settled: Sequence[Settled]) -> dict[str, type]:
    return {item.attempt.account: type(item.outcome) for item in settled}


def test_a_batch_is_one_transaction_and_an_attempt_for_each_candidate(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with _dispatching(node, tmp_path) as dispatcher:
            attempts = await dispatcher.send(_batch("a", "b", "c"), FEES)
            assert [attempt.candidate_id for attempt in attempts] == ["a@10", "b@10", "c@10"]
            assert {attempt.transaction_hash for attempt in attempts} == set(node.sent)
            assert list(dispatcher.signed()) == list(attempts)
            assert dispatcher.in_flight() == {("venue", name): USE for name in ("a", "b", "c")}
            assert dispatcher.open_gas() == 300_000
            assert await dispatcher.send(_batch("d", "b"), FEES) == (), "b is under way"

    live(scenario)


def test_each_plan_has_its_own_outcome_and_its_share_of_the_gas(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with _dispatching(node, tmp_path) as dispatcher:
            attempts = await dispatcher.send(_batch("a", "b", "c"), FEES)
            node.used = 1
            node.mine(attempts[0].transaction_hash, block(11), logs=[_executed(0, 20_000), _failed(1, 5_000), _executed(2, 8_333)])
            settled = await dispatcher.track(block(11))
            assert _by_account(settled) == {"a": Included, "b": Reverted, "c": Included}
            outcomes: dict[str, Outcome] = {item.attempt.account: item.outcome for item in settled}
            assert sum(outcome.gas_used for outcome in outcomes.values()) == GAS
            assert sum(outcome.gas_cost_wei for outcome in outcomes.values()) == COST
            assert outcomes["a"].gas_used == 20_000 * GAS // 33_333
            assert isinstance(outcomes["b"], Reverted)
            assert outcomes["b"].data == b"why"
            assert dispatcher.open_accounts() == frozenset()

    live(scenario)


def test_a_plan_that_failed_behind_a_rival_is_a_lost_race_and_the_others_are_not(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with _dispatching(node, tmp_path) as dispatcher:
            (attempt, *_) = await dispatcher.send(_batch("a", "b", "c"), FEES)
            dispatcher.outbid("venue", AccountKey("b"), "0xthem")
            node.used = 1
            node.mine(attempt.transaction_hash, block(11), logs=[_executed(0, 2), _failed(1, 1), _failed(2, 1)])
            assert _by_account(await dispatcher.track(block(11))) == {"a": Included, "b": Outbid, "c": Reverted}

    live(scenario)


def test_a_rival_in_the_same_block_is_known_by_the_time_the_rows_are_written(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with _dispatching(node, tmp_path) as dispatcher:
            (attempt, *_) = await dispatcher.send(_batch("a", "b"), FEES)
            node.used = 1
            node.mine(attempt.transaction_hash, block(11), logs=[_executed(0, 2), _failed(1, 1)])
            await dispatcher.track(block(11))
            dispatcher.outbid("venue", AccountKey("b"), "0xthem")
            assert dispatcher.rival_of(attempt.transaction_hash, ("venue", AccountKey("b"))) == "0xthem"
            assert dispatcher.rival_of(attempt.transaction_hash, ("venue", AccountKey("a"))) is None

    live(scenario)


def test_a_batch_that_reverts_as_a_whole_costs_all_of_them_alike(tmp_path: Path) -> None:
    node = QuietNode(answers={"eth_getTransactionByHash": None, "debug_traceBlockByHash": []})

    async def scenario() -> None:
        async with _dispatching(node, tmp_path) as dispatcher:
            (attempt, *_) = await dispatcher.send(_batch("a", "b", "c"), FEES)
            node.used = 1
            node.mine(attempt.transaction_hash, block(11), succeeded=False)
            settled = await dispatcher.track(block(11))
            assert [type(item.outcome) for item in settled] == [Reverted] * 3
            assert sorted(item.outcome.gas_used for item in settled) == [16_666, 16_667, 16_667]

    live(scenario)


def test_raised_fees_and_outcomes_outlive_the_process_for_every_part(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with _dispatching(node, tmp_path) as dispatcher:
            await dispatcher.send(_batch("a", "b"), FEES)
            assert await dispatcher.track(block(12)) == []
            raised = dispatcher.signed()
            assert [attempt.account for attempt in raised] == ["a", "b", "a", "b"]
            newest = raised[-1].transaction_hash
        async with _dispatching(node, tmp_path) as dispatcher:
            assert dispatcher.in_flight() == {("venue", "a"): USE, ("venue", "b"): USE}
            node.used = 1
            node.mine(newest, block(13), logs=[_executed(0, 2), _failed(1, 1)])
            assert _by_account(await dispatcher.track(block(13))) == {"a": Included, "b": Reverted}
            (decided,) = dispatcher.decided_lately()
            assert decided.candidates == ("a@10", "b@10")
        async with _dispatching(node, tmp_path) as dispatcher:
            assert _by_account(await dispatcher.track(block(13))) == {"a": Included, "b": Reverted}, "nobody has acknowledged them"
            dispatcher.acknowledge([], [(newest, block(13).hash)])
        async with _dispatching(node, tmp_path) as dispatcher:
            assert await dispatcher.track(block(13)) == []

    live(scenario)


def test_only_when_somebody_else_has_all_of_a_batch_it_is_given_up(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with _dispatching(node, tmp_path, bump_after_blocks=9) as dispatcher:
            await dispatcher.send(_batch("a", "b"), FEES)
            dispatcher.outbid("venue", AccountKey("a"), "0xthem")
            await dispatcher.track(block(11))
            assert dispatcher.open_accounts() == {("venue", "a"), ("venue", "b")}
            dispatcher.outbid("venue", AccountKey("b"), "0xthem")
            await dispatcher.track(block(12))
            assert dispatcher.open_accounts() == frozenset()

    live(scenario)


def test_a_batch_nobody_takes_is_dropped_with_all_its_parts(tmp_path: Path) -> None:
    node = QuietNode(refusals=[RpcError(-32000, "insufficient funds for gas * price + value")])

    async def scenario() -> None:
        async with _dispatching(node, tmp_path) as dispatcher:
            await dispatcher.send(_batch("a", "b"), FEES)
            assert _by_account(await dispatcher.track(block(11))) == {"a": Dropped, "b": Dropped}

    live(scenario)


@pytest.mark.parametrize(("limit", "sent"), [(199_999, False), (200_000, True)])
def test_no_transaction_above_the_chains_limit_is_ever_signed(tmp_path: Path, limit: int, sent: bool) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with _dispatching(node, tmp_path, max_gas_limit=limit) as dispatcher:
            assert bool(await dispatcher.send(_batch("a", "b"), FEES)) is sent
            assert len(node.sent) == sent

    live(scenario)
