"""What can be set, section by section. A value's meaning stands beside it; defaults are those of a careful operator."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from keeper.domain.chain import Address
from keeper.domain.options import option
from keeper.domain.sub_plan import MAX_TRANSACTION_GAS


class Mode(StrEnum):
    """How far the daemon goes with a candidate."""

    OBSERVE = "observe"
    SIMULATE = "simulate"
    EXECUTE = "execute"


class Verify(StrEnum):
    """How a block's logs are proven complete."""

    RECEIPTS = "receipts"
    BLOOM = "bloom"


class Settle(StrEnum):
    """When a plan is settled on the fork."""

    UNLESS_GUARDED = "unless_guarded"
    SAMPLED = "sampled"
    ALWAYS = "always"


class L1Fee(StrEnum):
    """How a rollup charges for putting transactions on L1."""

    OPTIMISM = "optimism"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSettings:
    """[chains.NAME]: which chain, and how to reach it."""

    id: int = option("chain id; every endpoint must answer with it")
    rpc_urls: tuple[str, ...] = option("HTTP endpoints in order of preference")
    start_block: int = option("first block that may hold an event of the venues (their deployment)")
    send_urls: tuple[str, ...] = option("endpoints for sending; the reading ones when empty", ())
    ws_url: str | None = option("websocket endpoint for new heads; polling alone without it", None)
    multicall: Address | None = option("Multicall3 contract; without it reads go as plain JSON-RPC batches", None)
    block_seconds: float = option("expected time between blocks, for the forecast of the next block; 0.25 and the like are fine", 2.0)
    finality_depth: int = option("blocks below the head that are taken for final", 64)
    poll_interval_s: float = option("seconds between polls of the head", 1.0)
    request_timeout_s: float = option("seconds until a request counts as failed", 10.0)
    max_answer_mib: int = option("largest answer of an endpoint that is read, decompressed, MiB", 32)
    wall_clock: bool = option("report a head that is old by this machine's clock; not for devnets, whose time is made up", False)
    max_log_range: int = option("most blocks in one eth_getLogs of the backfill; each endpoint's own limit is learned", 2000)
    requests_per_second: float = option("most requests to each endpoint in a second; 0 for no limit but what its refusals teach", 0.0)
    fee_history_blocks: int = option("newest blocks whose tips are asked for (eth_feeHistory); 0 to offer priority_fee_gwei alone", 20)
    tip_percentile: int = option("which tip of a block counts, by gas: the percentile; of those blocks the median is offered", 50)
    prove_reads: bool = option("prove by EIP-2935 that a read ran on its block's state; anvil needs it", False)
    verify: Verify = option(
        "how a block's logs are proven: receipts (all receipts against the header, where an endpoint offers them) or bloom alone",
        Verify.RECEIPTS,
    )
    l1_fee: L1Fee | None = option('"optimism" where the chain charges an L1 data fee by its GasPriceOracle (OP Stack)', None)
    max_transaction_gas: int = option("most gas one transaction may have (EIP-7825: 2^24)", MAX_TRANSACTION_GAS)
    gas_coin_market: str = option("market whose index price values the gas coin, of the chain's first venue that has it", "ETH")
    forecast: bool = option("evaluate at the next block's time with an eth_call block override; false where the provider has none", True)
    sequencer_feed: Address | None = option("Chainlink's L2 sequencer uptime feed: nothing is sent while it says down; or none", None)

    @property
    def look_ahead_s(self) -> int:
        """By how much the next block's timestamp, in whole seconds, may exceed this one's."""
        return math.ceil(self.block_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperSettings:
    """[keeper]: what the daemon does."""

    mode: Mode = option("observe (no key is loaded), simulate (settle on a local fork) or execute", Mode.OBSERVE)
    state_dir: Path = option("directory of the outbox and the lock", Path("var/keeper"))
    kill_file: Path | None = option("nothing is sent while this file exists; STOP in state_dir where not set", None)
    position_snapshot_blocks: int = option("blocks between snapshots of all positions for the maps; 0 for never", 150)
    tripwire_blocks: int = option("blocks between comparisons of local margin with the contract's own view; 0 for never", 10)
    tripwire_accounts: int = option("accounts per comparison, in rotation", 60)
    cooldown_blocks: int = option("blocks an account rests after a pre-check or simulation reverted for a lasting reason", 5)
    record_reads: bool = option("keep per-block market reads in the lake, so that any block can be replayed", True)
    status_port: int = option("port of /livez, /readyz and /metrics on 127.0.0.1; 0 for none", 0)

    @property
    def stop_file(self) -> Path:
        """The kill switch."""
        return self.kill_file or self.state_dir / "STOP"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """[limits]: what may be spent and on whom."""

    min_profit_usd: float = option("least expected profit after gas and trading cost, USD", 1.0)
    min_notional_usd: float = option("smallest liquidation worth a look, USD", 0.0)
    max_fee_gwei: float = option("highest fee per gas ever offered, gwei", 50.0)
    priority_fee_gwei: float = option("least tip per gas, gwei; offered where nobody tells what others pay", 0.001)
    profit_share_to_tip: float = option(
        "part of the profit above min_profit_usd that is bid in any case; 0 to bid no more than others", 0.0
    )
    spending_cap_eth: float = option("most spent in 24 hours on gas and on the fees of pushed prices, in the chain's coin", 0.1)
    spending_cap_eth_per_hour: float = option("the same within an hour; 0 for no such cap", 0.0)
    spending_cap_eth_per_account: float = option("the same in 24 hours for one account; 0 for no such cap", 0.0)
    loss_limit_usd: float = option("most that a key's attempts may lose in 24 hours, proceeds less gas, USD; 0 for no limit", 0.0)
    bump_after_blocks: int = option("blocks without inclusion until fees are raised at the same nonce", 3)
    max_bumps: int = option("raises until the transaction is given up", 3)
    allow: tuple[str, ...] = option("only these accounts; empty for all", ())
    deny: tuple[str, ...] = option("never these accounts", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """[gates]: when nothing is sent for a while, though candidates are found and recorded as ever."""

    base_fee_spike: float = option("a base fee above so many times its median; 0 for never", 0.0)
    base_fee_blocks: int = option("blocks that median is of", 100)
    reorged_blocks: int = option("more blocks than this replaced by reorgs; 0 for never", 32)
    reorg_window: int = option("within so many blocks", 64)
    sequencer_grace_s: int = option("how long a sequencer must be back, seconds", 3600)
    quote_age_s: int = option("for plans that push a signed price: one older than this, seconds; 0 for never", 30)
    false_positives: int = option("blocks running in which all that we sent reverted, though not outbid; 0 for never", 5)
    cool_off_s: int = option("seconds after such a series until something is sent again", 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorSettings:
    """[executors.NAME]: who sends. Nothing of this is read in observe mode."""

    address: Address | None = option("the operator's KeeperExecutor contract", None)
    operator: Address | None = option("account that calls the executor; impersonated by simulations, checked against the key", None)
    more_operators: tuple[Address, ...] = option("further accounts that call it: a pool of keys, each with nonces of its own", ())
    key_file: tuple[Path, ...] = option("encrypted keystore (web3 secret storage) of the operator; one for each, in any order", ())
    password_file: tuple[Path, ...] = option(
        "file with the password of the keystores, or one for each in their order; or environment PERP_KEEPER_PASSWORD", ()
    )
    key_env: tuple[str, ...] = option("in place of key_file: environment variable with the operator's key, 64 hex digits; one for each", ())
    signer_url: str | None = option("in place of key_file: remote signer of all operators, as Web3Signer (eth_signTransaction)", None)
    signer_timeout_s: float = option("seconds until a remote signer counts as failed", 2.0)
    anvil: str | None = option("anvil program of the fork; PATH, then the npm package", None)
    forks: int = option("candidates settled at the same time, each on a fork process of its own", 2)
    settle: Settle = option(
        '"unless_guarded": guarded plans are sent on their pre-check, settled on the fork later; "sampled": so some; "always": first',
        Settle.UNLESS_GUARDED,
    )
    settle_every: int = option('with settle = "sampled": of so many guarded plans that were sent one is settled later', 10)
    exchanges: tuple[Address, ...] = option("contracts that sell seized tokens, one per token; made with `keeper executor exchange`", ())
    margin_target_usd: float = option("margin up to which the wallet's settlement tokens are paid in, USD per venue; 0 for never", 0.0)
    margin_floor_usd: float = option("margin per venue that buying collateral leaves alone, and below which /readyz is red, USD", 0.0)
    token_target_usd: float = option("what stays of each seized token, USD", 0.0)
    sell_above_usd: float = option("least worth of tokens that is sold or paid in at once, USD", 100.0)
    max_sale_usd: float = option("largest sale, USD", 10_000.0)
    max_slippage_ppm: int = option("what a sale may bring less than the oracle says, the pool's fee included, millionths", 5_000)
    gas_floor_eth: float = option("coin of the operator below which /readyz is red; never less than a few plans need", 0.0)

    @property
    def operators(self) -> tuple[Address, ...]:
        """All accounts that call the executor; none where no operator is named."""
        return () if self.operator is None else (self.operator, *self.more_operators)


class PriceProtocol(StrEnum):
    """How a price service is asked."""

    PYTH = "pyth"


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleSettings:
    """[oracles.NAME]: where signed prices come from that venues pull onto their chain."""

    protocol: PriceProtocol = option('"pyth": Hermes services', PriceProtocol.PYTH)
    urls: tuple[str, ...] = option("price services in order of preference, for example https://hermes.pyth.network")
    guardians: tuple[Address, ...] = option("Wormhole's guardians in the order of their set; empty: only the chain checks signatures", ())
    guardian_set: int = option("number of that set of guardians", 0)
    fee_wei: int = option("what the chain's oracle contract asks for an update of one price, wei", 1)
    max_age_s: int = option("oldest quote that is used, seconds", 10)
    max_lead_s: int = option("how far ahead of our clock a quote may be published, seconds", 3)
    max_deviation_ppm: int = option("largest change from a feed's last price, millionths of it", 200_000)
    deviation_window_s: int = option("how long a feed's last price is a measure for the next ones, seconds", 60)
    timeout_s: float = option("seconds until a service counts as failed", 2.0)
    silence_s: float = option("seconds without a newer price until a stream is left for another service's", 5.0)
    set_aside_s: float = option("seconds for which a service at fault is asked last", 30.0)
    max_answer_kib: int = option("largest answer of a service that is read, KiB", 1024)


@dataclass(frozen=True, slots=True)
class VenueSettings:
    """[venues.NAME]: a deployment of a protocol. `options` are the protocol's own, of its own dataclass."""

    protocol: str
    chain: str
    executor: str | None
    oracle: str | None
    options: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeSettings:
    """[lake]: where records go."""

    dir: Path = option("directory with catalog.sqlite and data/, the market's market.sqlite and market/", Path("var/lake"))
    catalog: str | None = option('catalogs outside dir: "postgres:dbname=... host=..." (password in PGPASSWORD) or "sqlite:FILE"', None)
    data: str | None = option('Parquet files outside dir: "s3://bucket/prefix" (keys in AWS_*), or a directory', None)
    queue_blocks: int = option("most blocks waiting to be written; more stops the daemon (no unrecorded trading)", 2000)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """[log]: what is printed."""

    format: str = option('"console", "json" or "auto" (console on a terminal)', "auto")
    level: str = option("debug, info, warning or error", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything. `chains`, `executors`, `oracles` and `venues` by their names."""

    keeper: KeeperSettings
    limits: LimitSettings
    gates: GateSettings
    lake: LakeSettings
    log: LogSettings
    chains: Mapping[str, ChainSettings]
    executors: Mapping[str, ExecutorSettings]
    oracles: Mapping[str, OracleSettings]
    venues: Mapping[str, VenueSettings]

    def scopes(self) -> "Sequence[ChainScope]":
        """What belongs to each chain that has a venue, in the order of the settings."""
        return [self._scope(name) for name in self.chains if any(venue.chain == name for venue in self.venues.values())]

    def scope_of(self, venue: str) -> "ChainScope":
        """The scope of the chain that a configured venue is on."""
        return self._scope(self.venues[venue].chain)

    def _scope(self, chain: str) -> "ChainScope":
        venues = {name: venue for name, venue in self.venues.items() if venue.chain == chain}
        names = dict.fromkeys(venue.executor for venue in venues.values())
        executors = tuple(
            ExecutorScope(
                name,
                ExecutorSettings() if name is None else self.executors[name],
                tuple(each for each, venue in venues.items() if venue.executor == name),
            )
            for name in names
        )
        oracles = {name: self.oracles[name] for venue in venues.values() if (name := venue.oracle) is not None}
        return ChainScope(chain, self.chains[chain], executors, oracles, venues, self.keeper, self.limits, self.gates, self.lake)


@dataclass(frozen=True, slots=True)
class ExecutorScope:
    """The settings of one executor on one chain, and the venues it acts on. Without a name these are only observed."""

    name: str | None
    settings: ExecutorSettings
    venues: tuple[str, ...]

    def key(self, key: str) -> str:
        """A key of the executor's section as the operator writes it, or where to name an executor first."""
        if self.name is None:
            return f"venues.{self.venues[0]}.executor, and with it executors.NAME.{key},"
        return f"executors.{self.name}.{key}"


@dataclass(frozen=True, slots=True)
class ChainScope:
    """All the settings one chain's lane needs: the chain, the executors and oracles of its venues, its venues, and what is common."""

    name: str
    chain: ChainSettings
    executors: tuple[ExecutorScope, ...]
    oracles: Mapping[str, OracleSettings]
    venues: Mapping[str, VenueSettings]
    keeper: KeeperSettings
    limits: LimitSettings
    gates: GateSettings
    lake: LakeSettings

    def executor_of(self, venue: str) -> ExecutorScope:
        """Who acts on one of the venues."""
        return next(executor for executor in self.executors if venue in executor.venues)


COMMON: Mapping[str, type[Any]] = MappingProxyType(
    {"keeper": KeeperSettings, "limits": LimitSettings, "gates": GateSettings, "lake": LakeSettings, "log": LogSettings}
)
"""The sections there is one of."""
VENUE_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "protocol": "which protocol the venue is a deployment of",
        "chain": "name of the chain it is on",
        "executor": "name of the executor that acts on it; none only to observe",
        "oracle": "name of the oracle whose signed prices it pulls; none where all its prices are on the chain",
    }
)
"""Keys of every venue's section, and what they mean."""
