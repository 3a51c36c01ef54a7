"""Whatever order backfills, runs and kills come in, with whatever venues: in the end lake and books are the chain."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.chain.chain import ChainClient, ChainOptions, Pools
from keeper.chain.heads import Hint
from keeper.domain.account import AccountKey
from keeper.domain.chain import Address, LogFilter, RawLog, Reads, Timestamp
from keeper.domain.decision import Limits
from keeper.domain.fee_policy import FeePolicy
from keeper.domain.health import Breach
from keeper.domain.money import Usd18
from keeper.domain.records import AccountFlowRecord, BlockRecord, LiquidationRecord, PoolRangeRecord, VenueEventRecord
from keeper.domain.venue import Book, Event
from keeper.domain.views import LiquidationObserved
from keeper.engine.attempts import Attempts
from keeper.engine.chain_lane import ChainLane
from keeper.engine.chain_status import ChainStatus
from keeper.engine.decision_policy import DecisionPolicy
from keeper.engine.decisions import Decisions
from keeper.engine.evaluator import Evaluator
from keeper.engine.gas_price_source import GasPriceSource
from keeper.engine.holds import Holds
from keeper.engine.key_lane import KeyLane
from keeper.engine.liquidator import ExecutionSetup, Liquidator, LiquidatorOptions
from keeper.engine.mailbox import Mailbox
from keeper.engine.metrics import Metrics
from keeper.engine.questions import ChainQuestions
from keeper.engine.recent_blocks import RecentBlocks
from keeper.engine.recovery import Recovery, RecoveryOptions
from keeper.engine.tripwire import Tripwire
from keeper.engine.venue_lane import LaneServices, VenueLane
from keeper.engine.venue_rows import RowOptions
from keeper.lake.batch import StoreCall
from keeper.service.alerts import LogAlerts
from keeper.service.heartbeat import Heartbeat
from keeper.service.readiness import Readiness
from tests.keeper.chain.fakes import StopFollowing, bench, node
from tests.keeper.chain.simulated import CONTRACT, OTHER, SimulatedNode
from tests.keeper.engine.fakes import EXECUTOR, OPERATOR, ScriptedMender, encoded_batch
from tests.keeper.engine.killed import Killed, KilledMemory, fold
from tests.keeper.engine.toy import Opened, PriceRead, ToyVenue
from tests.keeper.engine.ungated import idle_breakers, open_gates

DEEPEST = 3
START_BLOCK = 2
VENUES = {"first": CONTRACT, "second": OTHER}


class LogVenue(ToyVenue):
    """Every log of one contract opens an account and counts as a liquidation of it."""

    def __init__(self, address: Address) -> None:
        super().__init__({})
        self._address = address

    def filters(self) -> Sequence[LogFilter]:
        return (LogFilter((self._address,)),)

    def decode(self, log: RawLog) -> Event | None:
        return Opened(f"{log.block_hash}-{log.log_index}", 1, 0)

    def refresh(self, book: Book, now: Timestamp) -> Reads[Sequence[Event]]:
        yield ()
        return (PriceRead(now, 100),)

    def observed(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[LiquidationObserved]:
        return [
            LiquidationObserved(AccountKey(event.trader), EXECUTOR, "TOY", "TOY", Breach.POSITIONS, 1, 1, 1, 1, 0, log)
            for log, event in events
            if isinstance(event, Opened)
        ]


class AtRest:
    """No head is ever announced: the follower ends when it has reached the newest block."""

    async def next(self, tip_number: int) -> Hint | None:
        raise StopFollowing

    async def close(self) -> None:
        return None


@dataclass(frozen=True)
class Process:
    """One start of a keeper and how it ends: `calls` writes after its start (None: at the chain's head), the last `lost` not committed.
    `follows`: a daemon; else a backfill."""

    venues: tuple[str, ...]
    depth: int
    gap: int
    follows: bool
    calls: int | None
    lost: int


@dataclass
class World:
    """The chain and what processes have left of the lake."""

    node: SimulatedNode = field(default_factory=SimulatedNode)
    committed: tuple[StoreCall, ...] = ()
    books: Mapping[str, Book] = field(default_factory=dict)

    def run(self, process: Process) -> None:
        memory = KilledMemory(self.committed, process.calls, process.lost)
        with suppress(Killed, StopFollowing):
            asyncio.run(self._run(process, memory))
        self.committed = memory.left()

    async def _run(self, process: Process, memory: KilledMemory) -> None:
        on = bench(node(self.node.answer()))
        venues = {name: LogVenue(VENUES[name]) for name in process.venues}
        filters = [one for venue in venues.values() for one in venue.filters()]
        options = ChainOptions(chain_id=31_337, rpc_urls=("http://a",), finality_depth=process.depth, gap_chunk=5, max_log_range=4)
        chain = ChainClient(options, Pools(on.pool), on.proofs(), AtRest(), filters, on.clock)
        evaluators: dict[str, Evaluator] = {
            name: Evaluator(venue, ChainQuestions(chain), executor=EXECUTOR, block_seconds=2, forecast=False)
            for name, venue in venues.items()
        }
        self.books = {name: evaluator.book for name, evaluator in evaluators.items()}
        aims = RecoveryOptions(31_337, START_BLOCK, process.depth, record_reads=True, followed_gap=process.gap)
        start = await Recovery(chain, chain, memory, aims, lambda _: None, lambda: 1.0, lambda *_: None).run(evaluators)
        assert not start.faults
        if process.follows:
            await _lane(chain, memory, evaluators).run(chain.follow(start.lowest.cursor, start.lowest.known), start)


def _lane(chain: ChainClient, memory: KilledMemory, evaluators: Mapping[str, Evaluator]) -> ChainLane:
    setup, limits = (
        ExecutionSetup(None, None, lambda venue, plan, change: b"", encoded_batch, OPERATOR, EXECUTOR),
        Limits(min_profit=Usd18(1)),
    )
    liquidator = Liquidator(setup, memory, LiquidatorOptions(limits, 1, 2, 3), clock=lambda: 1.0, name_revert={})
    log = structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    status = ChainStatus(Heartbeat(lambda: 1.0, 60.0), Readiness(LogAlerts(log), log), Metrics())
    policy, holds = (
        DecisionPolicy(31_337, EXECUTOR, limits, "TOY", FeePolicy(10**6, 10**11), setup.encode),
        Holds(ScriptedMender(), lambda _, problem: None),
    )
    attempts = Attempts(None, memory, 31_337, EXECUTOR, log, status.metrics, {})
    gas = GasPriceSource(policy, tuple(evaluators))
    decisions = Decisions(policy, gas, attempts, liquidator, Mailbox(liquidator.room), holds, status.metrics)
    services = LaneServices(chain, memory, status, log, lambda: 1.0, 31_337)
    tripwire, options = Tripwire(chain, every_blocks=0, accounts=2), RowOptions(0, True)
    lanes = [VenueLane(name, evaluator, services, decisions, tripwire, holds, options) for name, evaluator in evaluators.items()]
    key = KeyLane(decisions, None, None, 1, log, idle_breakers())
    return ChainLane(services, lanes, [key], gas, patience_s=1.0, recent=RecentBlocks(1), gates=open_gates())


LOGS = st.lists(st.integers(0, 2), min_size=1, max_size=9)
PROCESS = st.builds(
    Process,
    venues=st.sampled_from([("first",), ("second",), ("first", "second")]),
    depth=st.sampled_from([DEEPEST + 1, 6, 12]),
    gap=st.sampled_from([0, 4, 120]),
    follows=st.booleans(),
    calls=st.one_of(st.none(), st.integers(0, 12)),
    lost=st.integers(0, 4),
)
ACTION = st.one_of(LOGS, st.tuples(st.integers(1, DEEPEST), LOGS), PROCESS, PROCESS)
LAST = Process(("first", "second"), DEEPEST + 1, 120, follows=True, calls=None, lost=0)


@settings(max_examples=250, deadline=None)
@given(LOGS, st.lists(ACTION, max_size=14))
def test_after_any_sequence_of_starts_and_kills_lake_and_books_are_the_chain(
    first: list[int], actions: list[list[int] | tuple[int, list[int]] | Process]
) -> None:
    world = World()
    world.node.mine([0, 0, *first])
    for action in actions:
        if isinstance(action, Process):
            world.run(action)
        elif isinstance(action, tuple):
            lowest = max(START_BLOCK, world.node.highest - DEEPEST)
            world.node.reorg(max(0, min(action[0], world.node.tip.number - lowest)), action[1])
        else:
            world.node.mine(action)
    world.run(LAST)
    _check(world)


def _check(world: World) -> None:
    rows = fold(world.committed).rows
    for name, address in VENUES.items():
        logs = [log for block in world.node.chain[START_BLOCK:] for log in block.logs if log.address == address]
        expected = Counter((log.block_number, log.block_hash, log.log_index) for log in logs)
        events = [row for row in rows.get(VenueEventRecord, ()) if isinstance(row, VenueEventRecord) and row.venue == name]
        taken = [row for row in rows.get(LiquidationRecord, ()) if isinstance(row, LiquidationRecord) and row.venue == name]
        assert Counter((row.block_number, row.block_hash, row.log_index) for row in events if row.source == "log") == expected
        assert Counter((row.block_number, row.block_hash, row.log_index) for row in taken) == expected
        assert all(row.ours for row in taken)
        for kind in (PoolRangeRecord, AccountFlowRecord):
            of_kind = [row for row in rows.get(kind, ()) if isinstance(row, kind) and row.venue == name]
            assert Counter((row.block_number, row.block_hash, row.log_index) for row in of_kind) == expected
        assert set(world.books[name].account_keys()) == {f"{log.block_hash}-{log.log_index}" for log in logs}
    _check_blocks(world, [row for row in rows.get(BlockRecord, ()) if isinstance(row, BlockRecord)])


def _check_blocks(world: World, rows: Sequence[BlockRecord]) -> None:
    """Each once, each on the chain; from the first one followed on there is none missing."""
    canonical = {block.ref.number: block.ref.hash for block in world.node.chain}
    assert max(Counter(row.block_number for row in rows).values(), default=1) == 1
    assert all(canonical[row.block_number] == row.block_hash for row in rows)
    followed = [row.block_number for row in rows if not row.recovered]
    if followed:
        recorded = {row.block_number for row in rows}
        assert [number for number in range(min(followed), world.node.tip.number + 1) if number not in recorded] == []
