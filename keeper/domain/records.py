"""One class per table of the lake: field = column, class = table (see `TABLES`). The store writes them, analytics reads the tables.

Types decide the column: `Timestamp` becomes TIMESTAMP (UTC), `MicroTime` TIMESTAMP with microseconds (UTC), int BIGINT, float DOUBLE,
bool BOOLEAN, str VARCHAR; `| None` makes it nullable. Raw integers that may exceed 64 bits are `Raw` (a decimal string) in columns
ending in `_raw`; beside them stands the same figure in plain units as a float, for analysis only. A row says what decimals its raw
integers have: `size_decimals` those of base units, `usd_decimals` those of USD, `price_decimals` those of prices; they are never NULL
where the integer is not. `market` is the venue's own name of a market, `underlying` the asset it trades: None in rows of earlier
versions, whose markets were named by it. A changed field is a migration in keeper/lake/schema/keeper."""

from dataclasses import dataclass
from typing import NewType, TypeAlias

from keeper.domain.chain import Timestamp

Raw = NewType("Raw", str)
"""A decimal integer of any size, as text."""
MicroTime = NewType("MicroTime", int)
"""Unix microseconds, UTC, of the daemon's own clock."""


def raw(value: int) -> Raw:
    """An integer as the lake keeps it."""
    return Raw(str(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRecord:
    """blocks: every block the daemon processed, and what it took.

    `rpc_requests` counts the HTTP requests for heads and reads since the block before, `rpc_calls` the calls inside them; those for heads
    alone, for sending and for simulations have columns of their own. `recovered` is true for a block that came while the daemon was down
    and was taken in later: its times are those of the taking in, and nothing was decided about it. Of the history before the first block
    ever followed there are only blocks with logs. Figures are those of the venues that had processed the block when its row was committed;
    `late_blocks` has what is to be added. `data_fee` is JSON: what the chain's L1 data fee is computed from
    (domain/data_fee.py), where it has one. `market_tip_wei` is the tip per unit of gas that others paid, as far
    as it was known. None in rows of earlier versions."""

    chain_id: int
    block_number: int
    block_hash: str
    parent_hash: str
    block_time: Timestamp
    received_at: MicroTime
    finished_at: MicroTime
    logs: int
    evaluated: int
    watched: int
    rpc_requests: int
    rpc_calls: int
    recovered: bool | None = False
    rpc_requests_head: int | None = None
    rpc_calls_head: int | None = None
    rpc_requests_send: int | None = None
    rpc_calls_send: int | None = None
    rpc_requests_fork: int | None = None
    rpc_calls_fork: int | None = None
    data_fee: str | None = None
    market_tip_wei: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LateBlockRecord:
    """late_blocks: what venues made of a block whose row was in `blocks` already, with the figures to add to it. Nothing where all were in
    time; several rows where several venues came late."""

    chain_id: int
    block_number: int
    block_hash: str
    block_time: Timestamp
    finished_at: MicroTime
    logs: int
    evaluated: int
    watched: int
    rpc_requests: int
    rpc_calls: int
    rpc_requests_head: int | None = None
    rpc_calls_head: int | None = None
    rpc_requests_send: int | None = None
    rpc_calls_send: int | None = None
    rpc_requests_fork: int | None = None
    rpc_calls_fork: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueEventRecord:
    """venue_events: every event of a venue, from a log (`source` "log") or from a read ("read"); `payload` is JSON that rebuilds it.

    `position` orders the events of a block; replaying them in order rebuilds the book."""

    chain_id: int
    venue: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    position: int
    source: str
    event: str
    account: str | None
    transaction_hash: str | None
    log_index: int | None
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStateRecord:
    """market_state: each market at each block. Prices USD, open interest in base units, premium as a fraction per day. The raw funding
    growth is in the venue's own fixed point."""

    chain_id: int
    venue: str
    market: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    mark_price_raw: Raw
    mark_price: float
    index_price: float
    spot_price: float
    open_interest_long: float
    open_interest_short: float
    funding_growth_raw: Raw
    premium_rate_per_day: float
    underlying: str | None
    price_decimals: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationRecord:
    """liquidations: every liquidation on the venue, ours or not. `side` is the victim's; `bad_debt_usd`
    falls on the row that settled it. Raw penalty, reward and bad debt are USD; None in rows of the first schema."""

    chain_id: int
    venue: str
    account: str
    market: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    transaction_hash: str
    log_index: int
    liquidator: str
    ours: bool
    candidate_id: str | None
    kind: str
    side: str
    size_raw: Raw
    size: float
    price: float
    notional_raw: Raw
    notional_usd: float
    penalty_usd: float
    reward_usd: float
    bad_debt_usd: float
    penalty_raw: Raw | None
    reward_raw: Raw | None
    bad_debt_raw: Raw | None
    underlying: str | None
    size_decimals: int | None
    usd_decimals: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRangeRecord:
    """pool_ranges: each change of the liquidity of a price range of a market's pool, + added. Prices are quote per base, liquidity is
    sqrt(base x quote); the range holds `lower_price` <= price < `upper_price`. The sum of a range's rows is what it holds."""

    chain_id: int
    venue: str
    market: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    transaction_hash: str
    log_index: int
    lower_price: float
    upper_price: float
    liquidity_raw: Raw
    liquidity_decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStateRecord:
    """pool_states: what a market's pool itself said of its price and the liquidity in range, at each followed block where that had changed
    (and at the first one after a start). The price compares exactly with the bounds of pool_ranges; it is not the spot price."""

    chain_id: int
    venue: str
    market: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    price: float
    liquidity_raw: Raw
    liquidity_decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InsuranceFundRecord:
    """insurance_funds: what a venue's insurance fund could pay, < 0 where it owed, at each followed block where that had changed (and at
    the first one after a start)."""

    chain_id: int
    venue: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    capacity_raw: Raw
    decimals: int
    capacity_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFlowRecord:
    """account_flows: what came into an account or left it: `kind` "deposit", "withdrawal", or "bad_debt" that somebody else paid. `token`
    is its address, the amount >= 0; `decimals` is NULL where nothing tells the token's."""

    chain_id: int
    venue: str
    account: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    transaction_hash: str
    log_index: int
    kind: str
    token: str
    amount_raw: Raw
    decimals: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRecord:
    """evaluations: exact margin tests near the threshold. `basis_time` is the time it was computed for (head or next block)."""

    chain_id: int
    venue: str
    account: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    basis_time: Timestamp
    candidate_id: str | None
    equity_raw: Raw
    equity_usd: float
    requirement_raw: Raw
    requirement_usd: float
    breach: str | None
    usd_decimals: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """decisions: what was decided about a candidate and why. `action` is "liquidate" or "skip", or of the executor's
    own tokens "sell" or "pay_in" (stage "inventory", `market` the token's symbol or "margin"); `stage` where it was decided.

    `used` is JSON: what earlier plans and attempts in flight had taken when it was planned (domain/use.py); NULL for nothing."""

    chain_id: int
    venue: str
    account: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    candidate_id: str
    stage: str
    action: str
    reason: str | None
    detail: str | None
    market: str | None
    breach: str | None
    size_raw: Raw | None
    notional_usd: float | None
    expected_reward_usd: float | None
    expected_cost_usd: float | None
    expected_profit_usd: float | None
    decided_at: MicroTime
    used: str | None
    size_decimals: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationRecord:
    """simulations: one settlement of a plan, by `eth_call` or on the fork (`method` "call" or "fork")."""

    chain_id: int
    venue: str
    account: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    candidate_id: str
    method: str
    settled: bool
    reason: str | None
    profit_usd: float | None
    gas_used: int
    log_count: int
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """attempts: one signed transaction handed to the network; one that is for several candidates has a row for each.

    `block_*` is the head it was built on, `sent_at` the time of its signature.

    The other times are those of `domain.stages`; None for what was only signed anew, and for what another process had sent."""

    chain_id: int
    venue: str
    account: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    candidate_id: str
    transaction_hash: str
    sender: str
    nonce: int
    max_fee_wei: int
    priority_fee_wei: int
    gas_limit: int
    replaces: str | None
    sent_at: MicroTime
    seen_at: MicroTime | None = None
    decided_at: MicroTime | None = None
    checked_at: MicroTime | None = None
    committed_at: MicroTime | None = None
    accepted_at: MicroTime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRecord:
    """outcomes: what the chain said about an attempt: included, reverted, outbid, dropped. Candidates of one transaction share its gas,
    to the last wei. `block_*` is the block of inclusion; for dropped attempts the head at which that was known. `profit_raw`
    is settlement change, USD, before gas."""

    chain_id: int
    venue: str
    account: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    candidate_id: str
    transaction_hash: str
    nonce: int
    outcome: str
    reason: str | None
    gas_used: int
    gas_cost_wei: int
    gas_cost_usd: float
    profit_raw: Raw
    profit_usd: float
    tokens_value_usd: float
    tokens: str
    blocks_since_seen: int | None
    usd_decimals: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSnapshotRecord:
    """account_snapshots: local margin figures beside the contract's own view at the same block hash (the tripwire's sample).

    That view is either figures (`equity_chain_raw`, `requirement_chain_raw`, equal to the last unit where it `matches`) or a
    `chain_verdict`, "liquidatable", "healthy" or "unknown", with the `chain_reason`; the others are None then. A verdict is compared with
    our `breach`, as far as it is about that test; an unknown one is compared with nothing, and `matches` is None. `breach` is None where
    no test failed, and in rows of earlier versions."""

    chain_id: int
    venue: str
    account: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    equity_raw: Raw
    equity_chain_raw: Raw | None
    requirement_raw: Raw
    requirement_chain_raw: Raw | None
    matches: bool | None
    usd_decimals: int | None
    breach: str | None
    chain_verdict: str | None
    chain_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionSnapshotRecord:
    """position_snapshots: all open positions at a block, for maps of liquidation levels. Size in base units, + long."""

    chain_id: int
    venue: str
    account: str
    market: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    size_raw: Raw
    size: float
    open_notional_raw: Raw
    open_notional_usd: float
    mark_price: float
    liquidation_price: float | None
    equity_usd: float
    requirement_usd: float
    has_orders: bool
    underlying: str | None
    size_decimals: int | None
    usd_decimals: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairRecord:
    """repairs: evidence of every correction of the venue's state. One row per corrected block; `cause` is "logs" (its rows were not the
    chain's) or "parameters" (they changed without an event). `was` and `became` are JSON lists of the events, `witness` says
    where the truth came from, `divergence` what brought it to light."""

    chain_id: int
    venue: str
    block_number: int
    block_hash: str
    block_time: Timestamp
    repaired_at: MicroTime
    cause: str
    witness: str
    divergence: str
    was: str
    became: str


Record: TypeAlias = (
    BlockRecord
    | LateBlockRecord
    | VenueEventRecord
    | MarketStateRecord
    | LiquidationRecord
    | PoolRangeRecord
    | PoolStateRecord
    | InsuranceFundRecord
    | AccountFlowRecord
    | EvaluationRecord
    | DecisionRecord
    | SimulationRecord
    | AttemptRecord
    | OutcomeRecord
    | AccountSnapshotRecord
    | PositionSnapshotRecord
    | RepairRecord
)

TABLES: tuple[tuple[str, type[Record]], ...] = (
    ("blocks", BlockRecord),
    ("late_blocks", LateBlockRecord),
    ("venue_events", VenueEventRecord),
    ("market_state", MarketStateRecord),
    ("liquidations", LiquidationRecord),
    ("pool_ranges", PoolRangeRecord),
    ("pool_states", PoolStateRecord),
    ("insurance_funds", InsuranceFundRecord),
    ("account_flows", AccountFlowRecord),
    ("evaluations", EvaluationRecord),
    ("decisions", DecisionRecord),
    ("simulations", SimulationRecord),
    ("attempts", AttemptRecord),
    ("outcomes", OutcomeRecord),
    ("account_snapshots", AccountSnapshotRecord),
    ("position_snapshots", PositionSnapshotRecord),
    ("repairs", RepairRecord),
)
"""Every table with its record, in the order the stages run."""
