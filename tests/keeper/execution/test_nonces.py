"""Nonces by agreement and evidence: counts that lie, receipts that are kept back or invented, holes left by earlier lies."""

from __future__ import annotations

from pathlib import Path

from eth_account import Account

from keeper.domain.account import AccountKey
from keeper.domain.attempt import Job, Part
from keeper.domain.chain import Address, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.outcome import Dropped, Included
from keeper.execution.dispatcher import TransactionDispatcher
from keeper.execution.outbox import Outbox
from keeper.execution.outbox_rows import JobState
from keeper.execution.signer import Signed, Unsigned
from tests.keeper.execution.quiet_node import QuietNode, block, live
from tests.keeper.execution.test_dispatcher import FEES, GWEI, dispatching, job, sent

SENDER = Account.from_key(b"\x01" * 32).address.lower()


def test_a_lying_count_moves_nothing(tmp_path: Path) -> None:
    """50 too many for some heads: the next job still takes the next nonce, and goes on when the lie ends."""
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            first = await sent(dispatcher, "a")
            node.used = 50
            for number in range(11, 19):
                assert await dispatcher.track(block(number)) == []
            assert (await sent(dispatcher, "b")).nonce == 1
            node.used = 1
            node.mine(first.transaction_hash, block(19))
            (item,) = await dispatcher.track(block(19))
            assert isinstance(item.outcome, Included)
            assert (await sent(dispatcher, "c")).nonce == 2

    live(scenario)


def test_a_count_below_what_is_mined_is_ignored(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            first = await sent(dispatcher, "a")
            node.used = 1
            node.mine(first.transaction_hash, block(11))
            assert len(await dispatcher.track(block(11))) == 1
            await sent(dispatcher, "b")
            node.used = 0
            await dispatcher.track(block(12))
            assert (await sent(dispatcher, "c")).nonce == 2

    live(scenario)


def test_an_own_receipt_that_is_kept_back_is_found_in_its_block(tmp_path: Path) -> None:
    """The count rises and the receipt is null: it is ours all the same, and no conflict."""
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            attempt = await sent(dispatcher, "a")
            node.used = 1
            node.mine(attempt.transaction_hash, block(12))
            node.sent_in[block(12).hash] = [{"from": dispatcher.sender, "nonce": "0x0", "hash": attempt.transaction_hash}]
            node.receipts.clear()
            assert await dispatcher.track(block(11)) == []
            (item,) = await dispatcher.track(block(12))
            assert isinstance(item.outcome, Included)

    live(scenario)


def test_an_invented_receipt_is_refuted(tmp_path: Path) -> None:
    """Its block does not hold it."""
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            attempt = await sent(dispatcher, "a")
            node.mine(attempt.transaction_hash, block(11))
            node.blocks[block(11).hash] = {}
            assert await dispatcher.track(block(11)) == []
            assert dispatcher.open_accounts() == {("venue", "a")}

    live(scenario)


def test_logs_that_are_kept_back_come_out_of_the_block(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            attempt = await sent(dispatcher, "a")
            node.mine(attempt.transaction_hash, block(11))
            log = {"address": "0x" + "aa" * 20, "topics": [], "data": "0x", "blockNumber": "0xb", "blockHash": block(11).hash}
            whole = {
                **node.receipts[attempt.transaction_hash],
                "logs": [{**log, "transactionHash": attempt.transaction_hash, "logIndex": "0x0"}],
            }
            node.blocks[block(11).hash][attempt.transaction_hash] = whole
            (item,) = await dispatcher.track(block(11))
            assert isinstance(item.outcome, Included)
            assert len(item.outcome.logs) == 1

    live(scenario)


def test_a_block_is_asked_for_its_receipts_only_when_it_holds_ours(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path, bump_after_blocks=90) as dispatcher:
            first, second = [await sent(dispatcher, name) for name in ("a", "b")]
            await dispatcher.track(block(11))
            assert node.proofs == 0
            for attempt in (first, second):
                node.mine(attempt.transaction_hash, block(12))
            node.used = 2
            assert len(await dispatcher.track(block(12))) == 2
            await sent(dispatcher, "c")
            for number in range(13, 20):
                await dispatcher.track(block(number))
            assert node.proofs == 1

    live(scenario)


def test_where_no_proof_is_offered_the_endpoints_must_agree(tmp_path: Path) -> None:
    node = QuietNode(proves=False)

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            attempt = await sent(dispatcher, "a")
            node.used = 1
            node.mine(attempt.transaction_hash, block(11))
            (item,) = await dispatcher.track(block(11))
            assert isinstance(item.outcome, Included)

    live(scenario)


def test_a_key_used_by_hand_between_two_runs_is_noticed(tmp_path: Path) -> None:
    """The transactions are there to see: the lane goes on behind them at once."""
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            first = await sent(dispatcher, "a")
            node.used = 1
            node.mine(first.transaction_hash, block(11))
            await dispatcher.track(block(11))
        node.use(SENDER, 1, block(12))
        node.use(SENDER, 2, block(13))
        node.used, node.newest = 3, 14
        async with dispatching(node, tmp_path) as dispatcher:
            assert (await sent(dispatcher, "b")).nonce == 3
        node.used = 60
        async with dispatching(node, tmp_path) as dispatcher:
            assert (await sent(dispatcher, "c")).nonce == 4, "of these nothing is to be seen"

    live(scenario)


def _wedged(tmp_path: Path, first: int, last: int) -> None:
    """What version 1 left behind after a lie: nonce 0 is mined, jobs wait at `first` to `last`."""
    with Outbox(tmp_path / f"outbox-1-{SENDER}.sqlite") as outbox:
        to = Address("0x" + "aa" * 20)
        for number, nonce in enumerate([0, *range(first, last + 1)]):
            unsigned = Unsigned(1, nonce, to, b"old", 100_000, FEES)
            work = Job((Part(CandidateId(f"old-{nonce}"), "venue", AccountKey(f"old-{nonce}")),), block(3), to, b"old", 100_000, 10**17)
            row = outbox.add(work, Signed(unsigned, b"\x02raw%d" % nonce, Hash32(f"0x{nonce:064x}")), None, 3, number)
            if nonce == 0:
                outbox.settle(row, block(4), 10**9, 1, [(row.job_id, JobState.INCLUDED)])


def test_a_hole_is_used_by_new_jobs_first_and_what_waits_behind_it_is_given_up(tmp_path: Path) -> None:
    _wedged(tmp_path, 51, 53)
    node = QuietNode(used=1)

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            assert (await sent(dispatcher, "new")).nonce == 1
            await dispatcher.track(block(11))
            assert dispatcher.open_accounts() == {("venue", "new")}
            await _cleared(dispatcher, node)

    live(scenario)


async def _cleared(dispatcher: TransactionDispatcher, node: QuietNode) -> None:
    """Heads go by until the hole is closed: self-transfers in it, cancellations behind it."""
    for number in range(12, 18):
        await dispatcher.track(block(number))
    signed = {attempt.nonce: attempt for attempt in dispatcher.signed()}
    assert sorted(signed) == list(range(1, 54))
    assert {signed[nonce].gas_limit for nonce in range(2, 54)} == {21_000}
    assert len(node.sent) >= 53


def test_the_wait_behind_a_hole_does_not_eat_the_spending_cap(tmp_path: Path) -> None:
    """What cannot be mined costs nothing yet."""
    _wedged(tmp_path, 51, 80)
    node = QuietNode(used=1)

    async def scenario() -> None:
        async with dispatching(node, tmp_path, spending_cap_wei_per_day=2 * 100_000 * 2 * GWEI) as dispatcher:
            assert await dispatcher.send(job("new"), FEES)

    live(scenario)


def test_a_nonce_taken_for_lost_is_regained_when_the_chain_has_not_used_it(tmp_path: Path) -> None:
    """An earlier version believed a count and wrote its own nonce off."""
    with Outbox(tmp_path / f"outbox-1-{SENDER}.sqlite") as outbox:
        unsigned = Unsigned(1, 0, Address("0x" + "aa" * 20), b"", 100_000, FEES)
        outbox.add(job("lost"), Signed(unsigned, b"\x02raw", Hash32("0x" + "22" * 32)), None, 5, 1)
        outbox.lose(0, "used by somebody else")
        outbox.lose(1, "used by somebody else")
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            attempt = await sent(dispatcher, "new", Fees(GWEI, GWEI))
            assert attempt.nonce == 0
            assert attempt.fees.max_fee_wei > FEES.max_fee_wei, "the old one may still be in a pool"
            assert (await sent(dispatcher, "next")).nonce == 1

    live(scenario)


def test_a_foreign_transaction_from_before_the_start_drops_the_job(tmp_path: Path) -> None:
    """Nobody competes for the key now; the lane goes on behind it."""
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path) as dispatcher:
            await sent(dispatcher, "a")
            node.used = 1
            node.use(dispatcher.sender, 0, block(11))
        node.newest = 12
        async with dispatching(node, tmp_path) as dispatcher:
            settled = [item for number in (13, 14, 15, 16) for item in await dispatcher.track(block(number))]
            (item,) = settled
            assert isinstance(item.outcome, Dropped)
            assert "before it started" in item.outcome.reason
            assert (await sent(dispatcher, "b")).nonce == 1

    live(scenario)
