"""Programs the lake's chaos tests start: `python -m tests.chaos.lake_programs write DIR` and `... read DIR SECONDS`.

The writer records block after block until it is killed, each with EVENTS events and, at every seventh, a reorg of the last two blocks.
The reader asks as fast as it can whether what it sees is a whole number of blocks, and prints its count of questions, torn answers
and errors."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import duckdb

from analytics.errors import AnalyticsError
from analytics.lake import open_lake
from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.domain.records import BlockRecord, MicroTime, Record, VenueEventRecord
from keeper.lake.options import LakeOptions
from tests.keeper.lake.one_chain import OneChain

CHAIN, VENUE = 31337, "perp_v2"
EVENTS = 4

WHOLE = """
    SELECT
        (SELECT count(*) FROM cursors),
        (SELECT count(*) FROM blocks),
        (SELECT count(DISTINCT block_hash) FROM blocks),
        (SELECT count(*) FROM venue_events),
        (SELECT count(DISTINCT (block_hash, position)) FROM venue_events),
        (SELECT coalesce(max(block_number), 0) FROM cursors),
        (SELECT coalesce(max(block_number), 0) FROM venue_events)
"""


def is_whole(answer: tuple[int, ...]) -> bool:
    """Every block from 1 to the cursor is there with all its rows, once."""
    cursors, blocks, distinct_blocks, events, distinct_events, cursor, newest = answer
    return cursors == blocks == distinct_blocks == cursor == newest and events == distinct_events == EVENTS * cursor


def block_ref(number: int, branch: int) -> BlockRef:
    """Block `number` of a branch."""
    return BlockRef(number, Hash32(f"0x{number:x}-{branch}"), Hash32(f"0x{number - 1:x}"), Timestamp(1_700_000_000 + number))


def records(block: BlockRef) -> list[Record]:
    """A block's rows."""
    head = BlockRecord(
        chain_id=CHAIN,
        block_number=block.number,
        block_hash=block.hash,
        parent_hash=block.parent_hash,
        block_time=block.timestamp,
        received_at=MicroTime(1),
        finished_at=MicroTime(2),
        logs=EVENTS,
        evaluated=0,
        watched=0,
        rpc_requests=1,
        rpc_calls=1,
    )
    return [head, *(event(block, position) for position in range(EVENTS))]


def event(block: BlockRef, position: int) -> VenueEventRecord:
    """One row of venue_events."""
    return VenueEventRecord(
        chain_id=CHAIN,
        venue=VENUE,
        block_number=block.number,
        block_hash=block.hash,
        block_time=block.timestamp,
        position=position,
        source="log",
        event="E",
        account=None,
        transaction_hash=None,
        log_index=None,
        payload="{}",
    )


def write(directory: Path, blocks: int = 1_000_000, pause_s: float = 0.002) -> None:
    """Go on from the lake's cursor, as a restarted daemon does."""
    options = replace(LakeOptions.at(directory), commit_every_s=0.0, upkeep_blocks=15, keep_snapshots_s=30)
    with OneChain(options, CHAIN, [VENUE]) as recorder:
        recovered = recorder.recovered(VENUE, 3)
        last = list(recovered.unfinalised)
        number = recovered.cursor.number if recovered.cursor else 0
        branch = int(recovered.cursor.hash.split("-")[1]) if recovered.cursor else 0
        print("ready", flush=True)  # noqa: T201 the parent waits for it
        for turn in range(1, blocks + 1):
            if turn % 7 == 0 and len(last) > 2:
                branch += 1
                recorder.revert(list(reversed(last[-2:])))
                number -= 2
                last = last[:-2]
            number += 1
            block = block_ref(number, branch)
            recorder.block(block, records(block))
            last = [*last[-5:], block]
            if recorder.backlog().queued > 5:
                recorder.flush()
            time.sleep(pause_s)


def read(directory: Path, seconds: float) -> tuple[int, int, list[str]]:
    """Questions asked, torn answers, errors."""
    questions, torn, errors = 0, 0, []
    end = time.monotonic() + seconds
    connection = open_lake(directory)
    while time.monotonic() < end:
        try:
            answer = connection.execute(WHOLE).fetchall()[0]
            torn += not is_whole(answer)
            questions += 1
            if questions % 10 == 0:
                connection.close()
                connection = open_lake(directory)
        except (duckdb.Error, AnalyticsError) as error:
            errors.append(str(error))
    connection.close()
    return questions, torn, errors


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]))
    else:
        print(*read(Path(sys.argv[2]), float(sys.argv[3])), sep="\n")  # noqa: T201
