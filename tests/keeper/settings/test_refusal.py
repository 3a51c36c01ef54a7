"""What a protocol can do decides what may stand around its venue in the settings."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from keeper.domain.capabilities import Actor, Capabilities
from keeper.settings import Mode, Settings, load
from keeper.settings.refusal import Refusal, refusals
from tests.keeper.settings.test_source import EXECUTOR, MINIMAL, ORACLE

OPEN = Capabilities(actor=Actor.ANYBODY, needs_capital=False, pull_oracle=False)
CLOSED = replace(OPEN, actor=Actor.NOBODY)
PULLING = replace(OPEN, pull_oracle=True)


def _settings(tmp_path: Path, mode: Mode = Mode.OBSERVE, executor: str | None = None, oracle: str | None = None) -> Settings:
    """Of two venues on two chains; `first` names these."""
    other = MINIMAL.replace("[chains.one]", "[chains.two]").replace("[venues.first]", "[venues.second]").replace('"one"', '"two"')
    path = tmp_path / "keeper.toml"
    path.write_text(MINIMAL + other + EXECUTOR + ORACLE)
    settings = load(path, {}).settings
    first = replace(settings.venues["first"], executor=executor, oracle=oracle)
    return replace(settings, keeper=replace(settings.keeper, mode=mode), venues={**settings.venues, "first": first})


def _keys(items: Iterable[Refusal]) -> list[str]:
    return [refusal.key for refusal in items]


@pytest.mark.parametrize("mode", Mode)
def test_where_anybody_may_act_and_prices_are_on_the_chain_nothing_is_refused(tmp_path: Path, mode: Mode) -> None:
    assert _keys(refusals(_settings(tmp_path, mode, "hot"), {"first": OPEN, "second": OPEN})) == []


@pytest.mark.parametrize("mode", Mode)
def test_a_venue_on_which_nobody_may_act_has_no_executor(tmp_path: Path, mode: Mode) -> None:
    settings = _settings(tmp_path, mode, "hot")
    keys = _keys(refusals(settings, {"first": CLOSED, "second": OPEN}))
    assert "venues.first.executor" in keys
    assert "venues.second.executor" not in keys


@pytest.mark.parametrize("mode", Mode)
def test_a_chain_on_which_nobody_may_act_is_only_observed(tmp_path: Path, mode: Mode) -> None:
    """The message names the chain, its venues and the mend."""
    items = list(refusals(_settings(tmp_path, mode), {"first": CLOSED, "second": OPEN}))
    assert _keys(items) == ([] if mode is Mode.OBSERVE else ["keeper.mode"])
    for refusal in items:
        assert refusal.problem == f' = "{mode.value}": nobody may act on any venue of chain one (first). Set "observe".'


def test_where_one_venue_of_a_chain_can_be_acted_on_the_others_are_observed(tmp_path: Path) -> None:
    settings = _settings(tmp_path, Mode.EXECUTE)
    beside = replace(settings.venues["second"], chain="one")
    settings = replace(settings, venues={**settings.venues, "second": beside})
    assert _keys(refusals(settings, {"first": CLOSED, "second": OPEN})) == []


def test_who_acts_on_a_venue_that_pulls_its_prices_needs_an_oracle(tmp_path: Path) -> None:
    assert _keys(refusals(_settings(tmp_path), {"first": PULLING, "second": OPEN})) == []
    (refusal,) = refusals(_settings(tmp_path, Mode.SIMULATE), {"first": PULLING, "second": OPEN})
    assert refusal.key == "venues.first.oracle"
    assert refusal.problem.endswith("name the oracle that signs them; configured: prices.")
    assert _keys(refusals(_settings(tmp_path, Mode.SIMULATE, oracle="prices"), {"first": PULLING, "second": OPEN})) == []


def test_another_venue_may_have_none(tmp_path: Path) -> None:
    (refusal,) = refusals(_settings(tmp_path, oracle="prices"), {"first": OPEN, "second": OPEN})
    assert refusal == Refusal("venues.first.oracle", " = 'prices': all prices of perp_v2 are on the chain. Take the key out.")
