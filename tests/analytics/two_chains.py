"""A keeper's lake with one venue name on two chains, where market, accounts, transactions and times are the same: only the chain tells them
apart. On the second chain prices are twice those of the first, base units three times, USD six times, and blocks have other numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from keeper.domain.chain import BlockRef, Hash32
from keeper.domain.records import PoolRangeRecord, PoolStateRecord, Record
from keeper.lake.options import LakeOptions
from keeper.lake.recorder import Recorder
from tests.analytics.keeper_lake import CHAIN, VENUE, Rows, block_ref
from tests.analytics.report.cascade_lake import BLOCKS, cascade_rows

FIRST, SECOND = CHAIN, 8453
LABELS = [f"{VENUE} (chain {FIRST})", f"{VENUE} (chain {SECOND})"]
_HEIGHT = 1_000_000
_PRICES = ("mark_price", "mark_price_raw", "index_price", "spot_price", "price", "liquidation_price")


def cascade_blocks() -> dict[int, list[Record]]:
    """The rows of the cascade by block, without its pool: liquidity, sqrt(base x quote), has no whole factor between the chains."""
    return {
        number: [row for row in cascade_rows(number) if not isinstance(row, PoolRangeRecord | PoolStateRecord)]
        for number in range(1, BLOCKS + 1)
    }


def write_chains(directory: Path, blocks: Mapping[int, Sequence[Record]], *chains: int) -> None:
    """Write the rows of `blocks`, which are the first chain's, as each of `chains` has them."""
    with Recorder(LakeOptions.at(directory), dict.fromkeys(chains, (VENUE,))) as recorder:
        for chain in chains:
            for number, rows in sorted(blocks.items()):
                records = [Rows(number).head(), *rows]
                if chain == FIRST:
                    recorder.chain(chain).block(block_ref(number), records)
                else:
                    recorder.chain(chain).block(_block_there(number), [on_second_chain(record) for record in records])


def on_second_chain(record: Record) -> Record:
    """A row of the first chain as the second has it."""
    block = _block_there(record.block_number)
    keys: dict[str, Any] = {"chain_id": SECOND, "block_number": block.number, "block_hash": block.hash}
    return replace(record, **keys, **_scaled(record))


def _block_there(number: int) -> BlockRef:
    first, height = block_ref(number), number + _HEIGHT
    return BlockRef(height, Hash32(f"0x{height:x}"), Hash32(f"0x{height - 1:x}"), first.timestamp)


def _scaled(record: Record) -> dict[str, Any]:
    values = {field.name: getattr(record, field.name) for field in fields(record) if getattr(record, field.name) is not None}
    factors = {name: factor for name in values if (factor := _factor(name)) is not None}
    return {name: _times(values[name], factor) for name, factor in factors.items()}


def _factor(name: str) -> int | None:
    """Of prices, of base units, of USD; None for what is the same on both chains."""
    if name in _PRICES:
        return 2
    if name in ("size", "size_raw") or name.startswith("open_interest"):
        return 3
    return 6 if name.endswith(("_usd", "_raw")) and name != "funding_growth_raw" else None


def _times(value: float | str, factor: int) -> float | str:
    return str(factor * int(value)) if isinstance(value, str) else factor * value
