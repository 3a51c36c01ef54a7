"""What a venue that came late made of a block is added to the block's row, or stands beside it where that is in the lake already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keeper.lake.options import LakeOptions
from tests.keeper.lake.conftest import CHAIN, Rows
from tests.keeper.lake.one_chain import OneChain

_Ask = Callable[[str], list[tuple[Any, ...]]]
_Open = Callable[..., OneChain]
VENUES = ("perp_v2", "other")
_FIGURES = "count(*), sum(logs), sum(evaluated), sum(watched), sum(rpc_requests), sum(rpc_calls)"
_BLOCKS, _LATE = (f"SELECT {_FIGURES} FROM {table}" for table in ("blocks", "late_blocks"))
_NOTHING = [(0, None, None, None, None, None)]


def _tell(recorder: OneChain, rows: Rows, number: int, venue: str, fork: str = "") -> None:
    block = rows.block(number, fork)
    recorder.block(block, [rows.head(block), rows.event(block, venue=venue)], (venue,))


def test_before_the_commit_it_is_added_to_the_row(recorder: _Open, rows: Rows, ask: _Ask) -> None:
    lake = recorder(venues=VENUES, commit_every_s=30.0)
    lake.flush()
    for venue in VENUES:
        _tell(lake, rows, 1, venue)
    lake.flush()
    assert ask(_BLOCKS) == [(1, 6, 4, 240, 8, 18)]
    assert ask(_LATE) == _NOTHING


def test_after_the_commit_it_stands_beside_the_row(recorder: _Open, rows: Rows, ask: _Ask) -> None:
    lake = recorder(venues=VENUES)
    for venue in VENUES:
        _tell(lake, rows, 1, venue)
        lake.flush()
    assert ask(_BLOCKS) == ask(_LATE) == [(1, 3, 2, 120, 4, 9)]
    assert ask("SELECT block_hash, block_number, epoch_us(finished_at) FROM late_blocks") == [("0x1", 1, 1_700_000_000_223_456)]


def test_a_part_that_only_comes_after_a_kill_counts_too_and_none_counts_twice(options: LakeOptions, rows: Rows, ask: _Ask) -> None:
    with OneChain(options, CHAIN, VENUES) as lake:
        _tell(lake, rows, 1, "perp_v2")
    for _ in range(2):
        with OneChain(options, CHAIN, VENUES) as lake:
            for venue in VENUES:
                _tell(lake, rows, 1, venue)
    assert ask(_BLOCKS) == ask(_LATE) == [(1, 3, 2, 120, 4, 9)]


def test_it_goes_with_its_block(recorder: _Open, rows: Rows, ask: _Ask) -> None:
    lake = recorder(venues=VENUES)
    for venue in VENUES:
        _tell(lake, rows, 1, venue)
        lake.flush()
    lake.revert([rows.block(1)])
    _tell(lake, rows, 1, "perp_v2", fork="f")
    lake.flush()
    assert ask("SELECT block_hash FROM blocks") == [("0x1f",)]
    assert ask(_LATE) == _NOTHING
