"""The settings become gates: each stops for its own reason, and only where it is wanted."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from keeper.domain.chain import Address, BlocksReverted, Timestamp
from keeper.domain.decision import Skip
from keeper.domain.sequencer import Sequencer
from keeper.domain.skip_reason import SkipReason
from keeper.engine.evaluator import Evaluator
from keeper.engine.gates import Gates
from keeper.engine.quote_board import QuoteBoard
from keeper.gating import GateSources, build_breakers, build_recent_blocks, build_uptime, chain_gates, stop_of
from keeper.settings import ChainScope, GateSettings, load
from tests.keeper.engine.decided import decision_of
from tests.keeper.engine.fakes import ListDispatcher, block_ref
from tests.keeper.engine.memory import ListLake
from tests.keeper.engine.quoted import QuotedVenue, quote_of
from tests.keeper.engine.results import result
from tests.keeper.settings.test_source import EXECUTOR, MINIMAL

FEED_ADDRESS = Address("0x" + "fe" * 20)
NOW = 10_000
ORACLE = '\n[oracles.prices]\nurls = ["http://127.0.0.1:1"]\n'


def _scope(tmp_path: Path, more: str = "") -> ChainScope:
    path = tmp_path / "keeper.toml"
    chain = MINIMAL.replace("start_block", f'sequencer_feed = "{FEED_ADDRESS}"\nstart_block')
    path.write_text(f'[keeper]\nstate_dir = "{tmp_path}"\n{more}{chain}executor = "hot"\n{EXECUTOR}')
    (scope,) = load(path, {}).settings.scopes()
    return scope


class World:
    """A chain's gates and what they are judged by."""

    def __init__(self, scope: ChainScope, evaluators: Mapping[str, Evaluator] | None = None) -> None:
        self.told: list[tuple[str, bool]] = []
        self.recent, self.uptime, self.quotes = build_recent_blocks(scope), build_uptime(scope), QuoteBoard()
        sources = GateSources(self.recent, self.uptime, self.quotes, evaluators or {}, lambda: float(NOW))
        self.gates = chain_gates(scope, sources, lambda name, problem: self.told.append((name, problem is not None)))
        self.recent.added(replace(block_ref(1), timestamp=Timestamp(NOW)))


def _reason(gates: Gates) -> SkipReason | None:
    skip = gates.stop(decision_of("0xa"))
    return skip.reason if skip is not None else None


def test_on_a_good_day_nothing_is_closed(tmp_path: Path) -> None:
    world = World(_scope(tmp_path))
    assert (_reason(world.gates), world.told) == (None, [])


def test_the_kill_switch_is_a_file_in_the_state_folder_or_where_the_settings_say(tmp_path: Path) -> None:
    scope = _scope(tmp_path)
    world = World(scope)
    (tmp_path / "STOP").touch()
    assert _reason(world.gates) is SkipReason.KILL_SWITCH
    (tmp_path / "STOP").unlink()
    assert _reason(world.gates) is None
    assert world.told == [("kill_switch", True), ("kill_switch", False)]
    elsewhere = World(replace(scope, keeper=replace(scope.keeper, kill_file=tmp_path / "elsewhere")))
    (tmp_path / "elsewhere").touch()
    assert _reason(elsewhere.gates) is SkipReason.KILL_SWITCH


def test_the_sequencers_grace_is_counted_in_block_time(tmp_path: Path) -> None:
    world = World(_scope(tmp_path, "[gates]\nsequencer_grace_s = 60\n"))
    assert world.uptime is not None
    world.uptime.take(Sequencer(True, Timestamp(NOW - 59)))
    assert _reason(world.gates) is SkipReason.SEQUENCER_DOWN
    world.recent.added(replace(block_ref(2), timestamp=Timestamp(NOW + 1)))
    assert _reason(world.gates) is None


def test_without_a_feed_nobody_asks(tmp_path: Path) -> None:
    scope = _scope(tmp_path)
    assert build_uptime(replace(scope, chain=replace(scope.chain, sequencer_feed=None))) is None


@pytest.mark.parametrize(("factor", "reason"), [("0", None), ("2.5", SkipReason.BASE_FEE_SPIKE), ("3", None)])
def test_a_base_fee_thrice_the_median(tmp_path: Path, factor: str, reason: SkipReason | None) -> None:
    """Exactly so many times is none."""
    world = World(_scope(tmp_path, f"[gates]\nbase_fee_spike = {factor}\n"))
    world.recent.added(replace(block_ref(2), base_fee_wei=3 * 10**9))
    assert _reason(world.gates) is reason


@pytest.mark.parametrize(("most", "reason"), [(0, None), (1, SkipReason.REORG_STORM), (2, None)])
def test_two_blocks_replaced(tmp_path: Path, most: int, reason: SkipReason | None) -> None:
    world = World(_scope(tmp_path, f"[gates]\nreorged_blocks = {most}\n"))
    world.recent.reverted(BlocksReverted(block_ref(1), (block_ref(3), block_ref(2))))
    world.recent.added(block_ref(2, fork=1))
    assert _reason(world.gates) is reason


def test_the_feeds_of_venues_that_pull_are_watched(tmp_path: Path) -> None:
    """And no plan stopped that does not rely on them."""
    scope = _scope(tmp_path, ORACLE)
    scope = replace(scope, venues={name: replace(venue, oracle="prices") for name, venue in scope.venues.items()})
    venue = QuotedVenue({})
    evaluator = cast("Evaluator", _Quoted(venue))
    world = World(scope, {"first": evaluator})
    world.quotes.put(quote_of(100, NOW - 31))
    world.gates.look()
    assert _reason(world.gates) is None
    assert world.told == [("quotes_stale", True)]
    world.quotes.put(quote_of(100, NOW - 30))
    world.gates.look()
    assert world.told[1:] == [("quotes_stale", False)]
    unwatched = World(replace(scope, gates=replace(scope.gates, quote_age_s=0)), {"first": evaluator})
    unwatched.quotes.put(quote_of(100, 0))
    unwatched.gates.look()
    assert unwatched.told == []


class _Quoted:
    """As much of an evaluator as the gate looks at."""

    def __init__(self, venue: QuotedVenue) -> None:
        self.venue = venue
        self.book = venue.new_book()


def test_breakers_are_an_executors_own_and_let_it_close_what_it_holds(tmp_path: Path) -> None:
    scope = _scope(tmp_path, "[limits]\nloss_limit_usd = 50\n")
    told: list[str] = []
    executor, dispatcher = scope.executors[0], ListDispatcher(spent="0.1 of 0.1 spent within a day")
    breakers = build_breakers(scope, executor, dispatcher, lambda name, _: told.append(name), lambda: float(NOW))
    breakers.recall(ListLake(earned=[result(1, "included", block_ref(1), usd=-51, at_s=NOW)]), dispatcher.senders)
    stop = stop_of(World(scope).gates, breakers.gates)
    loss = stop(decision_of("0xa"))
    breakers.gates.look()
    assert isinstance(loss, Skip)
    assert loss.reason is SkipReason.LOSS_LIMIT
    assert told == ["loss_limit of hot", "spending_cap of hot"]
    assert stop(replace(decision_of("0xa"), unwind=True)) is None


def test_the_defaults_are_those_of_the_declarations(tmp_path: Path) -> None:
    assert _scope(tmp_path).gates == GateSettings()
