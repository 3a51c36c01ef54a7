"""The daemon's parts stand on the ports of a chain family: none of these tests has an endpoint, a fork or a key."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog

from keeper import assembly
from keeper.assembly import Parts
from keeper.domain.chain import BlockRef, ChainEvent, LogFilter, RawLog
from keeper.domain.outcome import SimSettled
from keeper.engine.metrics import Collectors
from keeper.engine.ports import VenueState
from keeper.engine.start import Start
from keeper.errors import StateDivergence
from keeper.lake.chain_recorder import ChainRecorder
from keeper.lake.options import LakeOptions
from keeper.lake.recorder import Recorder
from keeper.settings import ChainScope, load
from tests.keeper.engine.fakes import EXECUTOR, OPERATOR, FakeChain, ListDispatcher, ScriptedSimulator, block_ref
from tests.keeper.settings.test_source import MINIMAL

_EXECUTOR = f'\n[executors.hot]\naddress = "{EXECUTOR}"\noperator = "{OPERATOR}"\n'
_SETTLED = SimSettled(0, 0, (), 0.0)


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
class OtherFamily:
    """A chain family that is not EVM."""

    simulator: ScriptedSimulator | None = None
    dispatcher: ListDispatcher | None = None
    chain: QuietChain = field(default_factory=QuietChain)

    async def reconsider(self) -> None:
        return None

    def operator_watch(self, venues: Callable[[], Mapping[str, VenueState]], unknown: Callable[[], bool]) -> Watch | None:
        return Watch(venues, unknown) if self.simulator is not None else None


def _scope(tmp_path: Path, settle: str) -> ChainScope:
    path = tmp_path / "keeper.toml"
    path.write_text(MINIMAL + 'executor = "hot"\n' + _EXECUTOR + f'settle = "{settle}"\n')
    (scope,) = load(path, {}).settings.scopes()
    return scope


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChainRecorder]:
    """Of a lake that nothing is written to."""
    with Recorder(LakeOptions.at(tmp_path_factory.mktemp("lake")), {31_337: ("first",)}) as recorder:
        yield recorder.chain(31_337)


def _parts(tmp_path: Path, recorder: ChainRecorder, family: OtherFamily, settle: str = "unless_guarded") -> Parts:
    scope, logger = _scope(tmp_path, settle), structlog.get_logger()
    status = assembly.build_status([scope], Collectors(), logger)[scope.name]
    return assembly.assemble(scope, assembly.build_venues(scope), family, None, recorder, status, logger)


def test_a_family_without_a_simulator_only_observes(tmp_path: Path, recorder: ChainRecorder) -> None:
    """Nobody acts, so nobody's standing is checked and nothing is settled."""
    parts = _parts(tmp_path, recorder, OtherFamily())
    assert (parts.operator_watch, parts.settlements) == (None, None)


def test_a_family_that_simulates_settles_first(tmp_path: Path, recorder: ChainRecorder) -> None:
    """Only what is sent can be settled afterwards."""
    parts = _parts(tmp_path, recorder, OtherFamily(ScriptedSimulator(_SETTLED, _SETTLED)))
    assert parts.settlements is None
    assert parts.operator_watch is not None


def test_a_family_that_sends_settles_when_the_settings_say(tmp_path: Path, recorder: ChainRecorder) -> None:
    """Afterwards where a guard protects the plan, or always first."""
    family = OtherFamily(ScriptedSimulator(_SETTLED, _SETTLED), ListDispatcher())
    assert _parts(tmp_path, recorder, family).settlements is not None
    assert _parts(tmp_path, recorder, family, "always").settlements is None


def test_the_operator_of_the_venues_at_work_is_watched(tmp_path: Path, recorder: ChainRecorder) -> None:
    """A venue that has stopped has no rules any more; while a book is rebuilt they are unknown."""
    parts = _parts(tmp_path, recorder, OtherFamily(ScriptedSimulator(_SETTLED, _SETTLED)))
    assert isinstance(parts.operator_watch, Watch)
    assert parts.operator_watch.venues() == parts.evaluators
    assert not parts.operator_watch.unknown()
    nothing = parts.family.chain.follow(block_ref(1), [])
    asyncio.run(parts.lane.run(nothing, Start({}, 1, {"first": StateDivergence("a hole")})))
    assert parts.operator_watch.venues() == {}
