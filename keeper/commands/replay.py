"""keeper replay: recorded blocks through today's decision code, compared with what was decided then."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from keeper import assembly, daemon
from keeper.commands import session
from keeper.domain import event_json
from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.domain.data_fee import DataFee
from keeper.domain.decision import CandidateId
from keeper.domain.venue import Venue
from keeper.engine.evaluator import Applied, Evaluator
from keeper.engine.questions import RecordedQuestions
from keeper.engine.recording import use_of_json
from keeper.engine.replay import Difference, RecordedBlock, Replay, Replayed, differences
from keeper.errors import ConfigError
from keeper.lake.reader import LakeReader

_EVENTS = """
SELECT c.block_number, c.block_hash, c.parent_hash, epoch(c.block_time)::BIGINT AS timestamp, c.base_fee_wei, e.source, e.event, e.payload
FROM cursors c LEFT JOIN venue_events e USING (chain_id, venue, block_hash)
WHERE c.chain_id = ? AND c.venue = ? ORDER BY c.block_number, e.position
"""
_BLOCKS = "SELECT * FROM blocks WHERE chain_id = ?"
_DECISIONS = "SELECT * FROM decisions WHERE chain_id = ? AND venue = ? AND stage = 'decide'"
"""All columns: a lake of before has no `recovered`, `used`, `data_fee` and `market_tip_wei`."""


def replay(path: Path, venue: str | None, as_json: bool) -> int:
    """Exit code 1 when a decision differs. Raises ConfigError: no such venue, no lake, or one whose reads were not recorded."""
    loaded = session.settings(path)
    name = session.chosen_venue(loaded, venue)
    scope = session.configured(loaded, name)
    replayable, chain = assembly.build_venues(scope)[name], scope.chain
    place = assembly.lake_place(scope.lake).keeper
    with LakeReader(place, chain.id) as lake:
        followed = {row["block_hash"]: row for row in lake.rows(_BLOCKS, chain.id)}
        blocks = _blocks(lake.rows(_EVENTS, chain.id, name), followed, replayable)
        decisions = lake.rows(_DECISIONS, chain.id, name)
    recorded = {row["candidate_id"]: (row["block_number"], _words(row)) for row in decisions}
    used = {CandidateId(row["candidate_id"]): use_of_json(row.get("used")) for row in decisions}
    questions = RecordedQuestions()
    executor = scope.executor_of(name)
    evaluator = Evaluator(
        replayable, questions, executor=executor.settings.address, block_seconds=chain.look_ahead_s, forecast=chain.forecast
    )
    replayed = asyncio.run(Replay(name, evaluator, questions, assembly.build_policy(scope, executor), used).run(blocks))
    if recorded and not replayed:
        raise ConfigError(f"the lake {place.name} holds decisions, but not what was read for them: keeper.record_reads was false.")
    differing = differences(replayed, recorded)
    _print(replayed, len(recorded), differing, as_json)
    return daemon.FAILED if differing else daemon.OK


def _blocks(rows: list[dict[str, Any]], followed: Mapping[str, Mapping[str, Any]], venue: Venue) -> Iterator[RecordedBlock]:
    for _, group in groupby(rows, key=lambda row: row["block_hash"]):
        listed = list(group)
        first = listed[0]
        block = BlockRef(
            first["block_number"],
            Hash32(first["block_hash"]),
            Hash32(first["parent_hash"]),
            Timestamp(first["timestamp"]),
            int(first["base_fee_wei"]),
        )
        events = [
            Applied(event_json.load(venue.event_types, row["event"], row["payload"]), row["source"]) for row in listed if row["event"]
        ]
        row = followed.get(block.hash, {})
        data_fee = DataFee.of_json(row["data_fee"]) if row.get("data_fee") else None
        tip_wei = row.get("market_tip_wei")
        yield RecordedBlock(block, events, decided=not row.get("recovered"), data_fee=data_fee, market_tip_wei=tip_wei)


def _words(row: Mapping[str, Any]) -> str:
    return f"liquidate {row['market']} {row['size_raw']}" if row["action"] == "liquidate" else row["reason"]


def _print(replayed: list[Replayed], recorded: int, differences: list[Difference], as_json: bool) -> None:
    candidates = sum(len(item.decisions) for item in replayed)
    console = Console()
    if as_json:
        rows = [
            {"candidate_id": item.candidate_id, "block": item.block, "recorded": item.recorded, "replayed": item.replayed}
            for item in differences
        ]
        console.print_json(json.dumps({"blocks": len(replayed), "candidates": candidates, "recorded": recorded, "differences": rows}))
        return
    console.print(f"{len(replayed)} blocks, {candidates} candidates replayed, {recorded} recorded, {len(differences)} differences")
    if differences:
        table = Table("candidate", "block", "recorded", "replayed")
        for item in differences:
            table.add_row(item.candidate_id, str(item.block), item.recorded or "-", item.replayed or "-")
        console.print(table)
