"""The daemon's parts stand on the ports of a chain family: none of these tests has an endpoint, a fork or a key."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
import structlog

from keeper import assembly
from keeper.assembly import Parts, Pulled
from keeper.domain.chain import Address, BlockRef, ChainEvent, LogFilter, RawLog
from keeper.domain.exchange import Exchange
from keeper.domain.fee_policy import FeePolicy
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.outcome import SimOutcome, SimSettled
from keeper.domain.records import AttemptRecord
from keeper.engine.metrics import Collectors
from keeper.engine.ports import VenueState
from keeper.engine.quote_board import QuoteBoard
from keeper.engine.start import Start
from keeper.errors import ConfigError, StateDivergence
from keeper.lake.chain_recorder import ChainRecorder
from keeper.lake.options import LakeOptions
from keeper.lake.recorder import Recorder
from keeper.settings import ChainScope, LimitSettings, load
from tests.keeper.engine.fakes import EXECUTOR, OPERATOR, FakeChain, ListDispatcher, ListRecorder, ScriptedSimulator, block_ref
from tests.keeper.engine.test_chain_lane import added, stream
from tests.keeper.engine.toy import Opened, ToyVenue
from tests.keeper.settings.test_source import MINIMAL, VENUE

_EXECUTOR = f'\n[executors.hot]\naddress = "{EXECUTOR}"\noperator = "{OPERATOR}"\n'
_SETTLED = SimSettled(ZERO_USD, 0, (), 0.0)


class QuietChain(FakeChain):
    """A chain on which nothing happens."""

    @property
    def endpoints(self) -> int:
        return 1

    async def follow(self, after: BlockRef, known: Sequence[BlockRef]) -> AsyncIterator[ChainEvent]:
        events: Sequence[ChainEvent] = ()
        for event in events:
            yield event

    async def backfill(
        self, filters: Sequence[LogFilter], first: int, last: int, *, every_block: bool = False, turn: int = 0
    ) -> AsyncIterator[tuple[BlockRef, tuple[RawLog, ...]]]:
        blocks: Sequence[tuple[BlockRef, tuple[RawLog, ...]]] = ()
        for block in blocks:
            yield block

    async def proven_logs(self, block: BlockRef, filters: Sequence[LogFilter]) -> Sequence[RawLog] | None:
        return None

    def endless(self) -> "QuietChain":
        return self


@dataclass
class Watch:
    """Knows what it was made of."""

    venues: Callable[[], Mapping[str, VenueState]]
    unknown: Callable[[], bool]

    async def turn(self, number: int) -> None:
        return None

    def doubt(self) -> None:
        return None


@dataclass
class OtherExecutor:
    """Of a chain family that is not EVM."""

    simulator: ScriptedSimulator
    dispatcher: ListDispatcher | None = None
    address: Address = EXECUTOR
    operator: Address = OPERATOR
    exchanges: Sequence[Exchange] = ()

    async def reconsider(self) -> None:
        return None

    def operator_watch(self, venues: Callable[[], Mapping[str, VenueState]], unknown: Callable[[], bool]) -> Watch:
        return Watch(venues, unknown)


@dataclass
class OtherFamily:
    """A chain family that is not EVM."""

    executors: Mapping[str, OtherExecutor]
    chain: QuietChain = field(default_factory=QuietChain)


def _scope(tmp_path: Path, settle: str, more: str = "") -> ChainScope:
    path = tmp_path / "keeper.toml"
    path.write_text(MINIMAL.replace("start_block", 'gas_coin_market = "TOY"\nstart_block') + 'executor = "hot"\n' + _EXECUTOR)
    with path.open("a") as file:
        file.write(f'settle = "{settle}"\n{more}')
    (scope,) = load(path, {}).settings.scopes()
    return scope


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChainRecorder]:
    """Of a lake that nothing is written to."""
    with Recorder(LakeOptions.at(tmp_path_factory.mktemp("lake")), {31_337: ("first",)}) as recorder:
        yield recorder.chain(31_337)


def _parts(tmp_path: Path, recorder: ChainRecorder, adapters: OtherExecutor | None = None, settle: str = "unless_guarded") -> Parts:
    scope, logger = _scope(tmp_path, settle), structlog.get_logger()
    family = OtherFamily({} if adapters is None else {"hot": adapters})
    status = assembly.build_status([scope], Collectors(), logger)[scope.name]
    evaluators = assembly.build_evaluators(scope, assembly.build_venues(scope), family.chain)
    return assembly.assemble(scope, family, evaluators, recorder, status, logger, Pulled(QuoteBoard(), {}))


def test_a_family_without_an_executor_only_observes(tmp_path: Path, recorder: ChainRecorder) -> None:
    """Nobody acts, so nobody's standing is checked and nothing is settled."""
    (key,) = _parts(tmp_path, recorder).keys
    assert (key.operator_watch, key.settlements) == (None, None)


def test_an_executor_that_simulates_settles_first(tmp_path: Path, recorder: ChainRecorder) -> None:
    """Only what is sent can be settled afterwards."""
    (key,) = _parts(tmp_path, recorder, OtherExecutor(ScriptedSimulator(_SETTLED, _SETTLED))).keys
    assert key.settlements is None
    assert key.operator_watch is not None


def test_an_executor_that_sends_settles_when_the_settings_say(tmp_path: Path, recorder: ChainRecorder) -> None:
    """Afterwards where a guard protects the plan, or always first."""
    adapters = OtherExecutor(ScriptedSimulator(_SETTLED, _SETTLED), ListDispatcher())
    (later,) = _parts(tmp_path, recorder, adapters).keys
    (first,) = _parts(tmp_path, recorder, adapters, settle="always").keys
    assert later.settlements is not None
    assert first.settlements is None


def test_what_is_offered_is_in_wei_and_a_share_of_more_than_everything_is_a_mistake() -> None:
    policy = assembly.fee_policy(LimitSettings(priority_fee_gwei=0.5, max_fee_gwei=30, profit_share_to_tip=0.25))
    assert policy == FeePolicy(5 * 10**8, 30 * 10**9, 250_000)
    for share in (-0.1, 1.1):
        with pytest.raises(ConfigError, match=r"limits.profit_share_to_tip = .*from 0 to 1"):
            assembly.fee_policy(LimitSettings(profit_share_to_tip=share))


def test_the_operator_of_the_venues_at_work_is_watched(tmp_path: Path, recorder: ChainRecorder) -> None:
    """A venue that has stopped has no rules any more; while a book is rebuilt they are unknown."""
    parts = _parts(tmp_path, recorder, OtherExecutor(ScriptedSimulator(_SETTLED, _SETTLED)))
    watch = parts.keys[0].operator_watch
    assert isinstance(watch, Watch)
    assert watch.venues() == parts.evaluators
    assert not watch.unknown()
    nothing = parts.family.chain.follow(block_ref(1), [])
    asyncio.run(parts.lane.run(nothing, Start({}, 1, {"first": StateDivergence("a hole")})))
    assert watch.venues() == {}


_SECOND = f"""
[keeper]
tripwire_blocks = 0

[venues.second]
executor = "cold"
{VENUE}
[executors.cold]
address = "0x{"cc" * 20}"
operator = "0x{"dd" * 20}"
"""


class _Hanging(ScriptedSimulator):
    """Never answers."""

    async def pre_check(self, *_: object) -> SimOutcome:
        await asyncio.Event().wait()
        return self.checked


def test_no_key_waits_for_another(tmp_path: Path) -> None:
    """Two executors on one chain: while one's plans hang in its simulator, the other's are sent, by its own key."""
    good = SimSettled(Usd18.of_units(9), 90_000, (), 1.0)
    hot = OtherExecutor(_Hanging(good, good), ListDispatcher())
    cold_key, cold_contract = Address("0x" + "dd" * 20), Address("0x" + "cc" * 20)
    cold = OtherExecutor(ScriptedSimulator(good, good), ListDispatcher(cold_key), cold_contract, cold_key)
    family, scope, logger = OtherFamily({"hot": hot, "cold": cold}), _scope(tmp_path, "always", _SECOND), structlog.get_logger()
    status = assembly.build_status([scope], Collectors(), logger)[scope.name]
    venues = {name: ToyVenue({2 * number: 85 for number in range(1, 9)}) for name in scope.venues}
    evaluators = assembly.build_evaluators(scope, venues, family.chain)
    recorder = ListRecorder()
    pulled = Pulled(QuoteBoard(), {})
    parts = assembly.assemble(scope, family, evaluators, cast("ChainRecorder", recorder), status, logger, pulled)

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            keys = [group.create_task(key.run()) for key in parts.keys]
            for number in (1, 2, 3):
                opening = (Opened("0xa11ce", 10, 800),) if number == 1 else ()
                await parts.lane.run(stream(added(number, *opening)))
            await parts.keys[1].decisions.mailbox.drained()
            for task in keys:
                task.cancel()

    asyncio.run(asyncio.wait_for(run(), 10))
    assert hot.dispatcher is not None
    assert cold.dispatcher is not None
    assert (hot.dispatcher.jobs, [(job.parts[0].venue, job.to) for job in cold.dispatcher.jobs]) == ([], [("second", cold_contract)])
    assert {row.sender for row in recorder.of(AttemptRecord)} <= {cold_key}
