"""Small stand-ins for the adapters: a scripted chain, a recorder that keeps rows, a simulator and a dispatcher with fixed answers."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.attempt import Attempt, Decided, Job, Payment, Settled
from keeper.domain.chain import Address, BlockRef, CallResult, Hash32, Reads, Tally, Timestamp, Usage
from keeper.domain.decision import CandidateId
from keeper.domain.endpoint_score import EndpointScore
from keeper.domain.fees import Fees
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.outcome import SimOutcome, SimReverted, SimSettled
from keeper.domain.plan import LiquidationPlan
from keeper.domain.records import Record
from keeper.domain.sub_plan import SubPlan
from keeper.domain.use import NOTHING, Use
from keeper.engine.evaluator import Evaluator
from keeper.errors import RpcError

T = TypeVar("T")
OPERATOR = Address("0x" + "aa" * 20)
EXECUTOR = Address("0x" + "bb" * 20)
BATCH = b"batch "
"""How a batch begins, for whoever encodes one here."""


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
    """Gives the same answer to every plan, be it in a batch, but for the accounts in `reverting`; where there is a `gate`, only once it is
    open. `calls` is what it was given to check."""

    checked: SimOutcome
    settled: SimOutcome
    settlements: int = 0
    gate: asyncio.Event | None = None
    reverting: frozenset[str] = frozenset()
    most_gas: int = 1 << 62
    calls: list[bytes] = field(default_factory=list)

    async def pre_check(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        self.calls.append(calldata)
        if gas > self.most_gas:
            raise RpcError(-32_000, "gas above the cap")
        return self._outcome(calldata, self.checked)

    async def settle(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        self.settlements += 1
        if self.gate is not None:
            await self.gate.wait()
        return self._outcome(calldata, self.settled)

    def _outcome(self, calldata: bytes, outcome: SimOutcome) -> SimOutcome:
        if not calldata.startswith(BATCH):
            return outcome
        parts = [self._part(account, outcome) for account in calldata.removeprefix(BATCH).decode().split()]
        return SimSettled(ZERO_USD, 0, (), 1.0, tuple(parts))

    def _part(self, account: str, outcome: SimOutcome) -> SimOutcome:
        return SimReverted(b"healthy", 1_000, 1.0) if account in self.reverting else outcome


@dataclass
class ListDispatcher:
    """Keeps the jobs; `results` is what the next `track` finds. `full` plays a spending cap that is reached, `lately` and `decided` what an
    outbox has from before, `spent` what it says of its caps."""

    sender: Address = OPERATOR
    jobs: list[Job] = field(default_factory=list)
    results: list[Settled] = field(default_factory=list)
    open: set[tuple[str, AccountKey]] = field(default_factory=set)
    full: bool = False
    most_parts: int = 99
    uses: dict[AccountRef, Use] = field(default_factory=dict)
    candidates: dict[Hash32, CandidateId] = field(default_factory=dict)
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
    spent: str | None = None

    @property
    def senders(self) -> Sequence[Address]:
        return (self.sender,)

    async def send(self, job: Job, fees: Fees) -> Sequence[Attempt]:
        if self.full or len(job.parts) > self.most_parts:
            return ()
        self.jobs.append(job)
        self.open |= {part.key for part in job.parts}
        self.uses |= {part.key: part.use for part in job.parts}
        number = len(self.jobs)
        name = Hash32(f"0x{number:064x}")
        attempts = [
            Attempt(
                part.candidate_id, part.venue, part.account, job.block, name, self.sender, number, fees, job.gas_limit, None, 0, job.stages
            )
            for part in job.parts
        ]
        self.fresh += attempts
        return attempts

    async def track(self, head: BlockRef) -> Sequence[Settled]:
        found, self.results = self.results, []
        return found

    def signed(self) -> Sequence[Attempt]:
        fresh, self.fresh = self.fresh, []
        return fresh

    def outbid(self, venue: str, account: AccountKey, liquidator: str) -> None:
        self.rivals[account] = liquidator

    def revalue(self, venue: str, worth_wei: Mapping[AccountKey, int]) -> None:
        self.worth_wei = {**self.worth_wei, **worth_wei}

    def spending_problem(self) -> str | None:
        return self.spent

    def rival_of(self, transaction: Hash32, account: AccountRef) -> str | None:
        return self.rivals.get(account[1])

    def signed_lately(self) -> Sequence[Attempt]:
        return self.lately

    def decided_lately(self) -> Sequence[Decided]:
        return self.decided

    def payments_unknown(self) -> Mapping[Address, int]:
        return {} if self.unknown_since is None else {self.sender: self.unknown_since}

    def remember(self, sender: Address, payments: Sequence[Payment]) -> None:
        self.remembered += payments

    def tell_again(self, decided: Iterable[Decided]) -> None:
        self.told_again += decided

    def acknowledge(self, attempts: Iterable[Hash32], outcomes: Iterable[tuple[Hash32, Hash32 | None]]) -> None:
        self.acknowledged += attempts
        self.settled += outcomes

    def candidate_of(self, transaction: Hash32, account: AccountRef) -> CandidateId | None:
        return self.candidates.get(transaction)

    def open_accounts(self) -> frozenset[tuple[str, AccountKey]]:
        return frozenset(self.open)

    def in_flight(self) -> Mapping[AccountRef, Use]:
        return {key: self.uses.get(key, NOTHING) for key in self.open}

    def open_gas(self) -> int:
        return sum(job.gas_limit for job in self.jobs if any(part.key in self.open for part in job.parts))


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


def encoded_batch(plans: Sequence[SubPlan]) -> bytes:
    """Calldata that names the accounts of a batch."""
    return BATCH + " ".join(each.plan.account for each in plans).encode()
