"""A race's figures are computed as they say, and a small race has all of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.floor import Floor
from tests.bench.race import Script, race, write
from tests.bench.race_figures import Attempts, Race, Stages, Taken, attempts, quantile, results

_FLOOR = Floor(1.0, 2.0, 3.0, 4.0, total_ms=10.0)
_NOTHING = Attempts(0, 0, 0, 0)


def _race(*ms: float, won: int = 1, lost: int = 0, floor: Floor = _FLOOR, mined: Attempts = _NOTHING) -> Race:
    candidates = tuple(Stages(0.0, value, 0.0, 0.0) for value in ms)
    return Race(7, candidates, floor, Taken(won, 100.0 * won, 0.0), Taken(lost, 300.0 * lost, 0.0), {}, {}, (1, 1), mined)


def test_a_lost_race_is_no_other_revert_and_what_was_dropped_was_in_no_block() -> None:
    rows = [
        {"outcome": "included", "n": 7, "gas": 70},
        {"outcome": "outbid", "n": 2, "gas": 9},
        {"outcome": "reverted", "n": 1, "gas": 5},
        {"outcome": "dropped", "n": 4, "gas": 0},
    ]
    assert attempts(rows) == Attempts(mined=10, lost_races=2, lost_race_gas=9, other_reverts=1)
    assert attempts(rows).revert_share == 0.1
    assert attempts([]).revert_share == 0.0


def test_seen_to_sent_is_all_stages_together() -> None:
    assert Stages(1.0, 2.0, 3.0, 4.0).total == 10.0


def test_the_floor_has_the_stages_of_the_daemon_but_deciding() -> None:
    assert _FLOOR.stages() == {"checked": 1.0, "committed": 5.0, "sent": 4.0}


def test_a_candidate_is_measured_in_the_floor_of_its_own_run() -> None:
    slow = Floor(10.0, 20.0, 30.0, 40.0, total_ms=100.0)
    together = results([_race(20.0, 40.0), _race(300.0, floor=slow)])
    assert (together.p50, together.p99) == (3.0, 4.0)


def test_the_share_is_the_median_of_the_races_and_reverts_are_of_all_attempts() -> None:
    races = [
        _race(1.0, won=9, lost=1, mined=Attempts(10, 1, 5, 1)),
        _race(1.0, won=1, lost=9, mined=Attempts(30, 0, 0, 0)),
        _race(1.0, won=6, lost=4),
    ]
    together = results(races)
    assert (together.share, together.revert_share) == (0.6, 0.025)
    assert _race(1.0, won=0).share == 0.0


def test_who_takes_larger_ones_has_more_of_the_notional() -> None:
    one = _race(1.0, won=3, lost=1)
    assert (one.share, one.notional_share) == (0.75, 0.5)


def test_verdicts_hold_up_to_the_limit_itself() -> None:
    at_the_limit = _race(*[40.0] * 98, *[120.0] * 2, won=6, lost=4, mined=Attempts(20, 0, 0, 1))
    assert list(results([at_the_limit]).verdicts().values()) == [True, True, True, True]
    beyond = _race(*[41.0] * 98, *[121.0] * 2, won=59, lost=41, mined=Attempts(19, 0, 0, 1))
    assert list(results([beyond]).verdicts().values()) == [False, False, False, False]


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_quantile_is_a_value_that_so_many_do_not_exceed(values: list[float], percent: int) -> None:
    value = quantile(values, percent)
    assert value in values
    assert sum(other <= value for other in values) * 100 >= percent * len(values)


def test_of_nothing_there_is_no_quantile() -> None:
    with pytest.raises(ValueError, match="nothing"):
        quantile([], 50)


@pytest.mark.fork
def test_a_small_race_has_every_figure(tmp_path: Path) -> None:
    script = Script(path="staircase", traders=24, blocks=32, interval=0.3, floor_rounds=5)
    result = race(script, 7, tmp_path, lambda _: None)
    assert result.won.liquidations + result.lost.liquidations >= 3
    assert min(stages.total for stages in result.candidates) > 0
    assert min(result.floor.call_ms, result.floor.signature_ms, result.floor.commit_ms, result.floor.send_ms) > 0
    assert result.attempts.mined >= result.won.liquidations
    together = results([result])
    write(tmp_path / "race.json", script, [result], together)
    fields = json.loads((tmp_path / "race.json").read_text())
    assert fields["races"][0]["share"] == result.share
    assert fields["together"]["p50"] == together.p50
