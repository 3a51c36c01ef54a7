"""What is EVM stands behind this file: it builds the adapters of one EVM chain. What is above it knows `engine.ports.Family`."""

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence, Set
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from structlog.typing import FilteringBoundLogger

from keeper.chain.chain import ChainClient, ChainOptions, Observers
from keeper.chain.incident import Incident
from keeper.domain import exchange
from keeper.domain.chain import Address, BlockRef, LogFilter, Purpose
from keeper.domain.exchange import Exchange
from keeper.domain.fixed import of_units
from keeper.domain.venue import Venue
from keeper.engine.chain_status import ChainStatus
from keeper.engine.ports import BatchEncoder, Encoder, VenueState
from keeper.errors import ConfigError
from keeper.execution.agreement import AgreedSimulator
from keeper.execution.anvil import anvil_program
from keeper.execution.batch import encode_batch as encode_several
from keeper.execution.dispatcher import DispatcherOptions, TransactionDispatcher
from keeper.execution.dispatcher_options import no_data_fee
from keeper.execution.dispatcher_pool import DispatcherPool
from keeper.execution.exchange_terms import ExchangeTerms
from keeper.execution.executor import encode_execute
from keeper.execution.executor_errors import executor_reason
from keeper.execution.gateway import Gateway
from keeper.execution.keyring import open_signers
from keeper.execution.signer import Signer
from keeper.execution.simulate import ForkSimulator, SimulatorOptions, SimulatorPool
from keeper.execution.spending import Purse
from keeper.execution.standing import Expected, GasNeed, StandingCheck
from keeper.execution.standing_watch import StandingWatch
from keeper.service.kill_switch import KillSwitch
from keeper.settings import ChainScope, ExecutorScope, Mode, Verify

_GWEI = 10**9
_ETHER = 10**18
_PATIENCE_SECONDS = 0.5
"""The longest that one endpoint's word about a transaction is waited for."""
_LOCAL = ("127.0.0.1", "localhost", "::1")

encode: Encoder = encode_execute
"""A plan as one call of the operator's executor contract."""
encode_batch: BatchEncoder = encode_several
"""Several plans as one call of it."""


def revert_reason(venue: Venue) -> Callable[[bytes], str]:
    """The words for what a call of the executor with a plan of this venue reverted with."""
    return executor_reason(venue.revert_reason)


@dataclass(frozen=True, slots=True)
class Requirements:
    """What an executor and its operators must have: exchanges, margin per venue (USD, 18 decimals), coin."""

    terms: ExchangeTerms
    margin_floor_x18: int
    gas_need: GasNeed


@dataclass(frozen=True, slots=True)
class EvmExecutor:
    """An executor contract and the keys that send to it. Satisfies the port `Executor`.

    `report` is told what is in the operators' way, by these requirements."""

    address: Address
    operators: Sequence[Address]
    chain: ChainClient
    simulator: SimulatorPool | AgreedSimulator
    dispatcher: DispatcherPool | None
    report: Callable[[str | None], None]
    requirements: Requirements

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """What sells the executor's tokens."""
        return self.requirements.terms.exchanges

    @property
    def operator(self) -> Address:
        """The first of them."""
        return self.operators[0]

    async def reconsider(self) -> None:
        """Whether signers that were silent are back, and endpoints that differ about a transaction have come to agree."""
        if self.dispatcher is not None:
            await self.dispatcher.probe()
        if isinstance(self.simulator, AgreedSimulator):
            await self.simulator.reconsider()

    def operator_watch(self, venues: Callable[[], Mapping[str, VenueState]], unknown: Callable[[], bool]) -> StandingWatch:
        """See `Executor.operator_watch`."""

        def expected() -> Sequence[Expected]:
            floor_x18 = self.requirements.margin_floor_x18
            return [expected_of(name, state, self.exchanges, floor_x18) for name, state in venues().items()]

        async def newest() -> BlockRef:
            block = await self.chain.head()
            await self.requirements.terms.complete(block)
            return block

        leave_out = self.dispatcher.leave_out if self.dispatcher is not None else _nobody_sends
        gas_need = self.requirements.gas_need
        check = StandingCheck(self.chain, self.address, self.operators, expected, self.report, leave_out, gas_need)
        return StandingWatch(check, newest, unknown)


def _nobody_sends(_: Set[Address]) -> None:
    """Where nothing is sent, there is nobody to leave out."""


@dataclass(frozen=True, slots=True)
class EvmFamily:
    """The adapters of one EVM chain. Satisfies the port `Family`."""

    chain: ChainClient
    executors: Mapping[str, EvmExecutor] = field(default_factory=dict)


def _requirements(scope: ChainScope, executor: ExecutorScope, address: Address, chain: ChainClient) -> Requirements:
    """By the settings."""
    settings = executor.settings
    return Requirements(
        terms=ExchangeTerms(chain, address, settings.exchanges),
        margin_floor_x18=of_units(settings.margin_floor_usd),
        gas_need=GasNeed(int(scope.limits.priority_fee_gwei * _GWEI), of_units(settings.gas_floor_eth)),
    )


def expected_of(name: str, state: VenueState, exchanges: Sequence[Exchange], floor_x18: int) -> Expected:
    """What the executor must allow for a venue, by the markets and tokens its book knows, and the margin it must have."""
    venue, book = state.venue, state.book
    rules = (*venue.rules(book), *exchange.rules(exchanges, venue.tokens(book)[1:]))
    return Expected(name, rules, venue.valuer(book), venue.capabilities.needs_capital, floor_x18)


@asynccontextmanager
async def open_family(
    scope: ChainScope,
    venues: Mapping[str, Venue],
    data_fee_wei: Callable[[bytes], int] | None,
    status: ChainStatus,
    logger: FilteringBoundLogger,
) -> AsyncIterator[EvmFamily]:
    """Follower and reads in observe mode, for each executor forks in simulate mode, forks and keys in execute mode; all closed on leaving.

    Waits for the first endpoint that answers. `data_fee_wei`: what the chain charges for calldata beside gas, if it does. Raises
    ConfigError for a wrong chain id, a missing executor or a wrong key."""
    async with AsyncExitStack() as stack:
        chain = await stack.enter_async_context(open_chain(scope, venues, logger, status))
        if scope.keeper.mode is Mode.OBSERVE:
            yield EvmFamily(chain)
            return
        bench = _Bench(scope, chain, data_fee_wei or no_data_fee, status, logger)
        yield EvmFamily(chain, {name: await bench.executor(each, stack) for name, each in _named(scope).items()})


def _named(scope: ChainScope) -> Mapping[str, ExecutorScope]:
    """The chain's executors by name. Raises ConfigError where there is none: somebody must act."""
    named = {executor.name: executor for executor in scope.executors if executor.name is not None}
    if not named:
        _accounts(scope.executors[0], scope.keeper.mode)
    return named


@dataclass(frozen=True, slots=True)
class _Bench:
    """What the adapters of a chain's executors are made of."""

    scope: ChainScope
    chain: ChainClient
    data_fee_wei: Callable[[bytes], int]
    status: ChainStatus
    logger: FilteringBoundLogger

    async def executor(self, executor: ExecutorScope, stack: AsyncExitStack) -> EvmExecutor:
        """Opened as the mode says, closed with the stack. Raises ConfigError."""
        mode = self.scope.keeper.mode
        address, operators = _accounts(executor, mode)
        simulator: SimulatorPool | AgreedSimulator = await _simulator(self.scope, executor, self.chain, stack)
        dispatcher: DispatcherPool | None = None
        if mode is Mode.EXECUTE:
            signers = await stack.enter_async_context(open_signers(executor, os.environ, self.status.readiness.report))
            dispatcher = await self._dispatcher(signers, stack)
            patience_s = min(self.scope.chain.block_seconds / 4, _PATIENCE_SECONDS)
            # Where money moves, all endpoints have a say.
            simulator = AgreedSimulator(simulator, self.chain, self._report_dispute(executor), patience_s=patience_s)
        requirements = _requirements(self.scope, executor, address, self.chain)
        return EvmExecutor(address, operators, self.chain, simulator, dispatcher, self._report(executor), requirements)

    def _report(self, executor: ExecutorScope) -> Callable[[str | None], None]:
        return lambda problem: self.status.readiness.report(f"executor {executor.name}", problem)

    def _report_dispute(self, executor: ExecutorScope) -> Callable[[str | None], None]:
        return lambda problem: self.status.gate(f"agreement for {executor.name}", problem)

    async def _dispatcher(self, signers: Sequence[Signer], stack: AsyncExitStack) -> DispatcherPool:
        scope, limits = self.scope, self.scope.limits
        options = DispatcherOptions(
            chain_id=scope.chain.id,
            state_dir=scope.keeper.state_dir,
            max_fee_cap_wei=int(limits.max_fee_gwei * _GWEI),
            bump_after_blocks=limits.bump_after_blocks,
            max_bumps=limits.max_bumps,
            spending_cap_wei_per_day=int(limits.spending_cap_eth * _ETHER),
            spending_cap_wei_per_hour=_cap_wei(limits.spending_cap_eth_per_hour),
            spending_cap_wei_per_account=_cap_wei(limits.spending_cap_eth_per_account),
            final_after_blocks=scope.chain.finality_depth,
            max_gas_limit=scope.chain.max_transaction_gas,
            data_fee_wei=self.data_fee_wei,
            market_tip_wei=lambda: self.chain.market_tip_wei() or 0,
            halt=KillSwitch(scope.keeper.stop_file).engaged,
        )
        purse = Purse()
        return DispatcherPool([await self._lane(options, signer, purse, stack) for signer in signers])

    async def _lane(self, options: DispatcherOptions, signer: Signer, purse: Purse, stack: AsyncExitStack) -> TransactionDispatcher:
        """One key's."""
        logger, node, senders = self.logger.bind(sender=signer.address), self.chain.node(Purpose.SEND), self.chain.senders()
        lane = TransactionDispatcher(options, signer, node, *senders, notice=lambda note: logger.warning("nonces", note=note), purse=purse)
        await stack.enter_async_context(lane)
        for attempt in await lane.start():
            logger.info("in flight", account=attempt.account, nonce=attempt.nonce, hash=attempt.transaction_hash)
        return lane


def _cap_wei(ether: float) -> int | None:
    """None where 0 stands for no cap."""
    return int(ether * _ETHER) if ether else None


@asynccontextmanager
async def open_chain(
    scope: ChainScope, venues: Mapping[str, Venue], logger: FilteringBoundLogger, status: ChainStatus | None = None
) -> AsyncIterator[ChainClient]:
    """The chain's client, with the logs of these venues selected. Raises ConfigError for a wrong chain id, RpcUnavailable.

    With a `status` it waits for the first endpoint that answers instead, and reports there whether any does."""
    filters: list[LogFilter] = [log_filter for venue in venues.values() for log_filter in venue.filters()]
    observers = Observers(_log_incident(logger))
    if status is not None:
        observers = Observers(_log_incident(logger), status.readiness.report, status.heartbeat.pulse)
    async with ChainClient.open(_chain_options(scope), filters, observers, wait=status is not None) as chain:
        yield chain


def _log_incident(logger: FilteringBoundLogger) -> Callable[[Incident], None]:
    return lambda incident: logger.warning("endpoint", endpoint=incident.endpoint, what=incident.event, detail=incident.detail)


def _chain_options(scope: ChainScope) -> ChainOptions:
    return ChainOptions(
        chain_id=scope.chain.id,
        rpc_urls=scope.chain.rpc_urls,
        send_urls=scope.chain.send_urls if scope.keeper.mode is Mode.EXECUTE else (),
        ws_url=scope.chain.ws_url,
        block_seconds=scope.chain.block_seconds,
        wall_clock=scope.chain.wall_clock,
        max_answer_bytes=scope.chain.max_answer_mib << 20,
        multicall=scope.chain.multicall,
        finality_depth=scope.chain.finality_depth,
        poll_interval_s=scope.chain.poll_interval_s,
        request_timeout_s=scope.chain.request_timeout_s,
        max_log_range=scope.chain.max_log_range,
        requests_per_second=scope.chain.requests_per_second,
        fee_history_blocks=scope.chain.fee_history_blocks,
        tip_percentile=scope.chain.tip_percentile,
        prove_reads=scope.chain.prove_reads,
        verify_receipts=scope.chain.verify is Verify.RECEIPTS,
    )


def _accounts(executor: ExecutorScope, mode: Mode) -> tuple[Address, Sequence[Address]]:
    """The contract, and the accounts that send to it. Raises ConfigError."""
    settings = executor.settings
    if settings.address is None or settings.operator is None:
        missing = "address" if settings.address is None else "operator"
        raise ConfigError(f"{executor.key(missing)} is missing. {mode.value} mode needs the executor contract and its operator.")
    return settings.address, settings.operators


async def _simulator(scope: ChainScope, executor: ExecutorScope, chain: ChainClient, stack: AsyncExitStack) -> SimulatorPool:
    options = SimulatorOptions(
        anvil_command=(anvil_program(executor.settings.anvil),),
        # Fetching a candidate's state in one batch saves round trips, of which a node on this machine has none.
        prefetch=any(urlsplit(url).hostname not in _LOCAL for url in scope.chain.rpc_urls),
    )
    node = chain.node(Purpose.FORK)
    gateway = await stack.enter_async_context(Gateway(node, scope.chain.id))
    forks = [ForkSimulator(options, node, gateway.open_door()) for _ in range(executor.settings.forks)]
    return SimulatorPool([await stack.enter_async_context(fork) for fork in forks])
