"""Small stand-ins for the adapters: a scripted chain, a recorder that keeps rows, a simulator and a dispatcher with fixed answers."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from keeper.domain.account import AccountKey
from keeper.domain.attempt import Attempt, Decided, Job, Payment, Settled
from keeper.domain.chain import Address, BlockRef, CallResult, Hash32, Reads, Tally, Timestamp, Usage
from keeper.domain.decision import CandidateId
from keeper.domain.endpoint_score import EndpointScore
from keeper.domain.fees import Fees
from keeper.domain.money import Usd18
from keeper.domain.outcome import SimOutcome
from keeper.domain.plan import LiquidationPlan
from keeper.domain.records import Record
from keeper.engine.evaluator import Evaluator

T = TypeVar("T")
OPERATOR = Address("0x" + "aa" * 20)
EXECUTOR = Address("0x" + "bb" * 20)


def block_ref(number: int, *, fork: int = 0) -> BlockRef:
    """Block `number` of branch `fork`; its parent is on the same branch. Two seconds apart."""
    return BlockRef(number, Hash32(f"0x{fork:032x}{number:032x}"), Hash32(f"0x{fork:032x}{number - 1:032x}"), Timestamp(2 * number), 10**9)


@dataclass
class FakeChain:
    """Answers every call with the same words: the toy venue needs no more. `view` is what chain_views sees."""

    view: bytes = b""
    requests: int = 0
    distrusted: list[str] = field(default_factory=list)
    tip_wei: int | None = None

    async def head(self) -> BlockRef:
        return block_ref(1)

    async def block(self, number: int) -> BlockRef:
        return block_ref(number)

    async def final(self, number: int, block_hash: Hash32) -> BlockRef:
        return block_ref(number)

    async def run(self, reads: Reads[T], block: BlockRef, at: Timestamp | None = None) -> T:
        try:
            calls = next(reads)
            while True:
                self.requests += 1
                calls = reads.send([CallResult(True, self.view) for _ in calls])
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def run_elsewhere(self, reads: Reads[T], block: BlockRef) -> T:
        return await self.run(reads, block)

    async def witnesses(self, question: Callable[[], Reads[T]], block: BlockRef) -> Sequence[tuple[str, T]]:
        """One endpoint and no other."""
        return [("http://a", await self.run(question(), block))]

    def distrust(self, endpoint: str, reason: str) -> None:
        self.distrusted.append(endpoint)

    def usage(self) -> Usage:
        return Usage(read=Tally(self.requests, self.requests))

    def market_tip_wei(self) -> int | None:
        return self.tip_wei

    def scores(self) -> Sequence[EndpointScore]:
        return ()


@dataclass
class ListRecorder:
    """Keeps what the lake would hold, block by block."""

    rows: list[Record] = field(default_factory=list)
    blocks: list[BlockRef] = field(default_factory=list)
    venues: list[tuple[str, ...]] = field(default_factory=list)
    reverted: list[BlockRef] = field(default_factory=list)
    tickets: int = 0
    committed: int = 0

    def block(self, block: BlockRef, records: Sequence[Record], venues: Sequence[str] | None = None) -> int:
        self.blocks.append(block)
        self.venues.append(tuple(venues or ()))
        return self.append(records)

    def append(self, records: Sequence[Record]) -> int:
        self.rows += records
        self.tickets += 1
        return self.tickets

    def revert(self, orphaned: Sequence[BlockRef]) -> int:
        self.reverted += orphaned
        self.tickets += 1
        return self.tickets

    def of(self, kind: type[T]) -> list[T]:
        """The rows of one table."""
        return [row for row in self.rows if isinstance(row, kind)]


@dataclass
class ScriptedSimulator:
    """Gives the same answer to every plan; where there is a `gate`, only once it is open."""

    checked: SimOutcome
    settled: SimOutcome
    settlements: int = 0
    gate: asyncio.Event | None = None

    async def pre_check(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        return self.checked

    async def settle(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        self.settlements += 1
        if self.gate is not None:
            await self.gate.wait()
        return self.settled


@dataclass
class ListDispatcher:
    """Keeps the jobs; `results` is what the next `track` finds. `full` plays a spending cap that is reached, `lately` and `decided` what an
    outbox has from before."""

    sender: Address = OPERATOR
    jobs: list[Job] = field(default_factory=list)
    results: list[Settled] = field(default_factory=list)
    open: set[tuple[str, AccountKey]] = field(default_factory=set)
    full: bool = False
    candidates: dict[Hash32, CandidateId] = field(default_factory=dict)
    ended: dict[Hash32, Attempt] = field(default_factory=dict)
    fresh: list[Attempt] = field(default_factory=list)
    rivals: dict[AccountKey, str] = field(default_factory=dict)
    worth_wei: dict[AccountKey, int] = field(default_factory=dict)
    lately: list[Attempt] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    told_again: list[Decided] = field(default_factory=list)
    unknown_since: int | None = None
    remembered: list[Payment] = field(default_factory=list)
    acknowledged: list[Hash32] = field(default_factory=list)
    settled: list[tuple[Hash32, Hash32 | None]] = field(default_factory=list)

    async def send(self, job: Job, fees: Fees) -> Attempt | None:
        if self.full:
            return None
        self.jobs.append(job)
        self.open.add((job.venue, job.account))
        number = len(self.jobs)
        attempt = Attempt(
            job.candidate_id,
            job.venue,
            job.account,
            job.block,
            Hash32(f"0x{number:064x}"),
            self.sender,
            number,
            fees,
            job.gas_limit,
            None,
            0,
        )
        self.fresh.append(attempt)
        return attempt

    async def track(self, head: BlockRef) -> Sequence[Settled]:
        found, self.results = self.results, []
        self.ended |= {item.outcome.transaction_hash: item.attempt for item in found}
        return found

    def signed(self) -> Sequence[Attempt]:
        fresh, self.fresh = self.fresh, []
        return fresh

    def outbid(self, venue: str, account: AccountKey, liquidator: str) -> None:
        self.rivals[account] = liquidator

    def revalue(self, venue: str, worth_wei: Mapping[AccountKey, int]) -> None:
        self.worth_wei = {**self.worth_wei, **worth_wei}

    def rival_of(self, transaction: Hash32) -> str | None:
        return self.rivals.get(self.ended[transaction].account)

    def signed_lately(self) -> Sequence[Attempt]:
        return self.lately

    def decided_lately(self) -> Sequence[Decided]:
        return self.decided

    def payments_unknown_since(self) -> int | None:
        return self.unknown_since

    def remember(self, payments: Sequence[Payment]) -> None:
        self.remembered += payments

    def tell_again(self, decided: Iterable[Decided]) -> None:
        self.told_again += decided

    def acknowledge(self, attempts: Iterable[Hash32], outcomes: Iterable[tuple[Hash32, Hash32 | None]]) -> None:
        self.acknowledged += attempts
        self.settled += outcomes

    def candidate_of(self, transaction: Hash32) -> CandidateId | None:
        return self.candidates.get(transaction)

    def open_accounts(self) -> frozenset[tuple[str, AccountKey]]:
        return frozenset(self.open)


@dataclass
class ScriptedMender:
    """Raises what is next in line; mends when nothing is left. `blocks` are those it was asked about."""

    failures: list[Exception] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)

    async def run(self, name: str, evaluator: Evaluator, block: BlockRef) -> None:
        self.blocks.append(block.number)
        if self.failures:
            raise self.failures.pop(0)

    async def mend(self, name: str, evaluator: Evaluator, block: BlockRef, divergence: str) -> None:
        await self.run(name, evaluator, block)


def encoded(venue: str, plan: LiquidationPlan, min_change: Usd18) -> bytes:
    """Some calldata."""
    return f"{venue} {plan.account} {min_change.raw}".encode()
