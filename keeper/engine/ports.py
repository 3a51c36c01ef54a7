"""What the engine asks of the outside. Adapters satisfy these by shape; they do not import this file, and not each other."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.attempt import Attempt, Decided, Job, Payment, Settled
from keeper.domain.chain import Address, BlockRef, ChainEvent, Hash32, LogFilter, RawLog, Reads, Timestamp, Usage
from keeper.domain.decision import CandidateId
from keeper.domain.endpoint_score import EndpointScore
from keeper.domain.exchange import Exchange
from keeper.domain.fees import Fees
from keeper.domain.money import Usd18
from keeper.domain.outcome import SimOutcome
from keeper.domain.plan import LiquidationPlan
from keeper.domain.quote import PriceId, Quote
from keeper.domain.records import Record
from keeper.domain.result import Result
from keeper.domain.sub_plan import SubPlan
from keeper.domain.use import Use
from keeper.domain.venue import Book, Venue

T = TypeVar("T")


class Chain(Protocol):
    """Reading one chain."""

    async def head(self) -> BlockRef:
        """The newest block."""

    async def block(self, number: int) -> BlockRef:
        """The canonical block at `number`."""

    async def final(self, number: int, block_hash: Hash32) -> BlockRef:
        """Block `number`, which was final with that hash. Raises ReorgBeyondFinality when most endpoints have another."""

    async def run(self, reads: Reads[T], block: BlockRef, at: Timestamp | None = None) -> T:
        """Run a question with every call pinned to `block`'s hash; `at` sets the block time the calls see (a forecast).
        With `at`, a provider without block overrides makes it raise RpcError."""

    def usage(self) -> Usage:
        """What has been asked so far."""

    def market_tip_wei(self) -> int | None:
        """The tip that others pay, wei per unit of gas, as of the newest block read; None where no endpoint tells."""


class Witnesses(Chain, Protocol):
    """The chain, as each endpoint by itself tells it."""

    async def run_elsewhere(self, reads: Reads[T], block: BlockRef) -> T:
        """As `run`, but of another endpoint than usual, where there is one."""

    async def witnesses(self, question: Callable[[], Reads[T]], block: BlockRef) -> Sequence[tuple[str, T]]:
        """(endpoint, its answer) of all that answer."""

    def distrust(self, endpoint: str, reason: str) -> None:
        """Ask this endpoint last for a while."""


class Simulator(Protocol):
    """Settles a transaction without spending anything."""

    async def pre_check(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        """One `eth_call` on the node at `block`, seen at the next block's time. `change` is the change of the executor's worth;
        of a call with several plans `parts` are theirs."""

    async def settle(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        """Mine it on a local fork of `block`, then undo it."""


class Dispatcher(Protocol):
    """Sends transactions of one executor's keys, each with a nonce lane of its own, and tracks each to its outcome."""

    @property
    def sender(self) -> Address:
        """The account that would send now."""

    @property
    def senders(self) -> Sequence[Address]:
        """All its keys' accounts."""

    async def send(self, job: Job, fees: Fees) -> Sequence[Attempt]:
        """Sign, write to the outbox, broadcast. An attempt for each of its parts; none when a limit, a spending cap or the kill switch
        forbids it. Raises SignerUnavailable, then nothing was sent."""

    def spending_problem(self) -> str | None:
        """Which spending cap leaves no room for the job refused last, in one sentence; None where there is room."""

    async def track(self, head: BlockRef) -> Sequence[Settled]:
        """Look at every open attempt once after a new head: settle, bump or drop."""

    def signed(self) -> Sequence[Attempt]:
        """Every transaction signed since this was last asked, replacements and cancellations included."""

    def open_accounts(self) -> frozenset[AccountRef]:
        """(venue, account) with an attempt still open: not to be sent again."""

    def in_flight(self) -> Mapping[AccountRef, Use]:
        """What the plans of these accounts take."""

    def open_gas(self) -> int:
        """The gas limits of all transactions still to be mined, together."""

    def candidate_of(self, transaction: Hash32, account: AccountRef) -> CandidateId | None:
        """The candidate a transaction of ours was for by this account; None for one that is not ours."""

    def outbid(self, venue: str, account: AccountKey, liquidator: str) -> None:
        """Somebody else has liquidated the account."""

    def revalue(self, venue: str, worth_wei: Mapping[AccountKey, int]) -> None:
        """What the gas of the venue's open attempts may cost by now, by account; those not named keep the budget they were sent with."""

    def rival_of(self, transaction: Hash32, account: AccountRef) -> str | None:
        """Who liquidated an account before one of our transactions for it could."""

    def signed_lately(self) -> Sequence[Attempt]:
        """Recent transactions, and those not acknowledged."""

    def decided_lately(self) -> Sequence[Decided]:
        """Recent outcomes, and those not acknowledged."""

    def payments_unknown(self) -> Mapping[Address, int]:
        """Keys of which it is not known what they have paid, each with the Unix microseconds since when it should be."""

    def remember(self, sender: Address, payments: Sequence[Payment]) -> None:
        """What the key of `sender` has paid without its outbox: it counts towards the spending cap."""

    def tell_again(self, decided: Iterable[Decided]) -> None:
        """The first `track` hands these outcomes on, whether it did before or not."""

    def acknowledge(self, attempts: Iterable[Hash32], outcomes: Iterable[tuple[Hash32, Hash32 | None]]) -> None:
        """The rows of these attempts and outcomes (the attempt's transaction, the block that decided) are durable."""


class Recorder(Protocol):
    """Writes records to the lake, in order, off the hot path. Every call returns its ticket, a rising number."""

    def block(self, block: BlockRef, records: Sequence[Record], venues: Sequence[str] | None = None) -> int:
        """Commit one block's records and move the cursors of `venues` (all, where not given) to it, in one transaction."""

    def append(self, records: Sequence[Record]) -> int:
        """Commit records that arrive between blocks."""

    def revert(self, orphaned: Sequence[BlockRef]) -> int:
        """Remove every row of these blocks but the attempts (in the transaction that adds the next block)."""

    @property
    def committed(self) -> int:
        """The highest ticket up to which every call is durable."""


class RecordedOutcome(Protocol):
    """A row of outcomes, as far as it says which fate of which transaction it is."""

    @property
    def candidate_id(self) -> CandidateId: ...

    @property
    def transaction_hash(self) -> Hash32: ...

    @property
    def outcome(self) -> str: ...

    @property
    def block_number(self) -> int: ...

    @property
    def block_hash(self) -> Hash32: ...


class RecordBatch(Protocol):
    """Some rows with the columns of their table (an Arrow record batch)."""

    def to_pylist(self) -> list[dict[str, Any]]:
        """One dictionary per row."""


class Recovered(Protocol):
    """Where a venue was when the last process ended."""

    @property
    def cursor(self) -> BlockRef | None:
        """The last committed block; None for a new lake."""

    @property
    def unfinalised(self) -> tuple[BlockRef, ...]:
        """Committed blocks that may still be replaced, oldest first, the cursor's included."""


class RecordedBlocks(Protocol):
    """The rows of blocks, summed up."""

    @property
    def newest(self) -> int | None:
        """The highest number; None where there is no row."""

    @property
    def followed(self) -> bool:
        """Whether any block was followed as it came (and not recovered later)."""


class LakeRecorder(Recorder, Protocol):
    """The recorder, and what it remembers. Asked before the first block is recorded."""

    def recovered(self, venue: str, finality_depth: int) -> Recovered:
        """Where `venue` was."""

    def venue_events(self, venue: str) -> Iterator[RecordBatch]:
        """The rows of venue_events in order of block and position."""

    def recorded_blocks(self) -> "RecordedBlocks":
        """What the lake holds of blocks, whichever venues they were processed for."""

    def candidate_of(self, transaction: Hash32, account: AccountRef) -> CandidateId | None:
        """The candidate a recorded attempt with this hash was for by this account."""

    def flush(self) -> None:
        """Wait until everything queued is committed; blocking."""


class SentRecords(Protocol):
    """What the lake has of our own transactions."""

    def recorded_attempts(self, transactions: Collection[Hash32]) -> frozenset[Hash32]:
        """Those of `transactions` that have a row in attempts."""

    def recorded_outcomes(self, candidates: Collection[CandidateId]) -> Sequence[RecordedOutcome]:
        """The rows of outcomes about these candidates."""

    def payments(self, sender: str, since_us: int) -> Sequence[Payment]:
        """What transactions of `sender` sent since then (Unix microseconds) have cost."""

    def results(self, senders: Collection[str], since_us: int) -> Sequence[Result]:
        """What transactions of all these senders came to, in the order of their blocks."""


class PriceService(Protocol):
    """Signed prices, from whichever service has good ones."""

    async def latest(self, price_ids: Sequence[PriceId]) -> Sequence[Quote]:
        """The newest quote of each feed that has a usable one, in the order asked. Raises PriceUnavailable when none has."""

    def stream(self, price_ids: Sequence[PriceId]) -> AsyncGenerator[Quote, None]:
        """Every newer usable quote from now on, for ever; the newest only where the reader is slow."""


class Encoder(Protocol):
    """Turns a plan into one call of the operator's executor contract."""

    def __call__(self, venue: str, plan: LiquidationPlan, min_change: Usd18) -> bytes:
        """Calldata that reverts unless the executor's worth grows by `min_change`."""


class BatchEncoder(Protocol):
    """Turns several plans into one call of the operator's executor contract."""

    def __call__(self, plans: Sequence[SubPlan]) -> bytes:
        """Calldata that runs each plan by itself, and undoes those by which the executor's worth does not grow by their `min_change`."""


class LogSource(Protocol):
    """Historic logs in bounded chunks, for the backfill."""

    def backfill(
        self, filters: Sequence[LogFilter], first: int, last: int, *, every_block: bool = False
    ) -> AsyncIterator[tuple[BlockRef, tuple[RawLog, ...]]]:
        """Blocks with logs between `first` and `last` inclusive, in order, and always the last block of a finished chunk.
        With `every_block` all of them, linked by parent hash."""


class FollowedChain(Witnesses, Protocol):
    """One chain: pinned reads, historic logs from any endpoint, and what is new."""

    @property
    def endpoints(self) -> int:
        """How many endpoints there are."""

    def scores(self) -> Sequence[EndpointScore]:
        """How well each endpoint does for each purpose it was asked for."""

    def follow(self, after: BlockRef, known: Sequence[BlockRef]) -> AsyncIterator[ChainEvent]:
        """Everything after block `after`, for ever, in order, reorgs included. `known` are the unfinalised blocks already processed up to
        `after`. Raises ReorgBeyondFinality."""

    def backfill(
        self, filters: Sequence[LogFilter], first: int, last: int, *, every_block: bool = False, turn: int = 0
    ) -> AsyncIterator[tuple[BlockRef, tuple[RawLog, ...]]]:
        """As `LogSource`; `turn` asks another endpoint than usual, where there is one."""

    async def proven_logs(self, block: BlockRef, filters: Sequence[LogFilter]) -> Sequence[RawLog] | None:
        """The logs of `block` that the filters select, proven complete; None where the chain offers no proof."""

    def endless(self) -> "FollowedChain":
        """The same chain for work that must outlast an outage."""


class VenueState(Protocol):
    """A venue and its book."""

    @property
    def venue(self) -> Venue: ...

    @property
    def book(self) -> Book: ...


class OperatorWatch(Protocol):
    """Checks from time to time whether the operators can act, and reports what is in the way."""

    async def turn(self, number: int) -> None:
        """Check, if it is time; `number` is the engine's newest block."""

    def doubt(self) -> None:
        """A plan was refused, or reverted: the operators' rights may have changed."""


class Executor(Protocol):
    """The adapters of one executor, and of the keys that send to it. Without a dispatcher the keeper only simulates."""

    @property
    def address(self) -> Address:
        """The contract."""

    @property
    def operator(self) -> Address:
        """The account that simulations play."""

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """What sells the executor's tokens."""

    @property
    def simulator(self) -> Simulator: ...

    @property
    def dispatcher(self) -> Dispatcher | None: ...

    async def reconsider(self) -> None:
        """Ask again what the endpoints differed about, and a signer that was silent: without new candidates nothing else shows that they
        agree, or that it is back."""

    def operator_watch(self, venues: Callable[[], Mapping[str, VenueState]], unknown: Callable[[], bool]) -> OperatorWatch:
        """Of the operators of these venues, by name, asked for at every check. While `unknown`, a venue's rules are not known, and the
        check is postponed."""


class Family(Protocol):
    """The adapters of one chain, all of its chain family. Finality, reorgs, nonces and forks are the family's own."""

    @property
    def chain(self) -> FollowedChain:
        """Follower and pinned reads."""

    @property
    def executors(self) -> Mapping[str, Executor]:
        """By their names in the settings; none while the keeper only observes."""
