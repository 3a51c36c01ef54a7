"""Blocks and rows for the store's tests, and a recorder on a lake of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.domain.records import (
    AccountFlowRecord,
    AccountSnapshotRecord,
    AttemptRecord,
    BlockRecord,
    DecisionRecord,
    InsuranceFundRecord,
    MicroTime,
    OutcomeRecord,
    PoolRangeRecord,
    PoolStateRecord,
    Raw,
    VenueEventRecord,
)
from keeper.lake.connection import connect
from keeper.lake.options import LakeOptions
from tests.keeper.lake.one_chain import OneChain

CHAIN = 31337


class Rows:
    """Makes blocks and rows; the same call gives the same row."""

    @staticmethod
    def block(number: int, fork: str = "") -> BlockRef:
        """Block `number` of a branch."""
        parent = Hash32(f"0x{number - 1:x}{fork}")
        return BlockRef(number, Hash32(f"0x{number:x}{fork}"), parent, Timestamp(1_700_000_000 + 2 * number), 7_000_000_000)

    @staticmethod
    def where(block: BlockRef) -> dict[str, Any]:
        """The block columns of a row."""
        return {"chain_id": CHAIN, "block_number": block.number, "block_hash": block.hash, "block_time": block.timestamp}

    def head(self, block: BlockRef) -> BlockRecord:
        """A row of blocks."""
        times: dict[str, Any] = {"received_at": MicroTime(1_700_000_000_123_456), "finished_at": MicroTime(1_700_000_000_223_456)}
        counts: dict[str, Any] = {"logs": 3, "evaluated": 2, "watched": 120, "rpc_requests": 4, "rpc_calls": 9}
        return BlockRecord(parent_hash=block.parent_hash, **times, **counts, **self.where(block))

    def event(self, block: BlockRef, position: int = 0, venue: str = "perp_v2") -> VenueEventRecord:
        """A row of venue_events."""
        told: dict[str, Any] = {"source": "log", "event": "PositionChanged", "account": "0xab", "payload": '{"size": "-12"}'}
        place: dict[str, Any] = {"transaction_hash": "0x01", "log_index": position, "position": position}
        return VenueEventRecord(venue=venue, **told, **place, **self.where(block))

    def pool_range(self, block: BlockRef) -> PoolRangeRecord:
        """A row of pool_ranges."""
        place: dict[str, Any] = {"transaction_hash": "0x01", "log_index": 1, "lower_price": 1.0, "upper_price": 2.0}
        return PoolRangeRecord(venue="perp_v2", market="ETH", liquidity_raw=Raw("-5"), liquidity_decimals=18, **place, **self.where(block))

    def pool_state(self, block: BlockRef) -> PoolStateRecord:
        """A row of pool_states."""
        figures: dict[str, Any] = {"price": 1.5, "liquidity_raw": Raw("5"), "liquidity_decimals": 18}
        return PoolStateRecord(venue="perp_v2", market="ETH", **figures, **self.where(block))

    def fund(self, block: BlockRef) -> InsuranceFundRecord:
        """A row of insurance_funds."""
        return InsuranceFundRecord(venue="perp_v2", capacity_raw=Raw("7"), decimals=0, capacity_usd=7.0, **self.where(block))

    def flow(self, block: BlockRef, amount: int) -> AccountFlowRecord:
        """A row of account_flows."""
        told: dict[str, Any] = {"kind": "deposit", "token": "0xt", "amount_raw": Raw(str(amount)), "decimals": 6}
        place: dict[str, Any] = {"transaction_hash": "0x01", "log_index": 2}
        return AccountFlowRecord(venue="perp_v2", account="0xab", **told, **place, **self.where(block))

    def decision(self, block: BlockRef, account: str = "0xab") -> DecisionRecord:
        """A row of decisions, most of it empty."""
        nothing: dict[str, Any] = dict.fromkeys(("detail", "market", "breach", "size_raw", "size_decimals", "used", "notional_usd"))
        unknown: dict[str, Any] = dict.fromkeys(("expected_reward_usd", "expected_cost_usd", "expected_profit_usd"))
        made: dict[str, Any] = {"stage": "decide", "action": "skip", "reason": "stale", "decided_at": MicroTime(1_700_000_000_000_001)}
        return DecisionRecord(venue="perp_v2", account=account, candidate_id="c1", **made, **nothing, **unknown, **self.where(block))

    def comparison(self, block: BlockRef, account: str, *, matches: bool | None, verdict: str | None = None) -> AccountSnapshotRecord:
        """A row of account_snapshots: of figures, or of a verdict."""
        figures: dict[str, Any] = dict.fromkeys(("equity_raw", "requirement_raw"), Raw("1"))
        figures |= dict.fromkeys(("equity_chain_raw", "requirement_chain_raw"), None if verdict else Raw("1"))
        judgement: dict[str, Any] = {"matches": matches, "breach": None, "chain_verdict": verdict, "chain_reason": verdict}
        return AccountSnapshotRecord(venue="perp_v2", account=account, usd_decimals=18, **figures, **judgement, **self.where(block))

    def attempt(self, block: BlockRef, transaction: str) -> AttemptRecord:
        """A row of attempts."""
        fees: dict[str, Any] = {"max_fee_wei": 2 * 10**18, "priority_fee_wei": 10**6, "gas_limit": 2_000_000}
        sent: dict[str, Any] = {"transaction_hash": transaction, "sender": "0xcd", "nonce": 4, "replaces": None, "sent_at": MicroTime(1)}
        return AttemptRecord(venue="perp_v2", account="0xab", candidate_id="c1", **sent, **fees, **self.where(block))

    def outcome(self, block: BlockRef, transaction: str) -> OutcomeRecord:
        """A row of outcomes with a profit beyond 128 bits."""
        gas: dict[str, Any] = {"gas_used": 900_000, "gas_cost_wei": 9 * 10**15, "gas_cost_usd": 18.5}
        won: dict[str, Any] = {"profit_raw": Raw(str(10**60 + 1)), "profit_usd": 1e42, "tokens_value_usd": 0.0, "tokens": "[]"}
        won["usd_decimals"] = 18
        told: dict[str, Any] = {"transaction_hash": transaction, "nonce": 4, "outcome": "included", "reason": None, "blocks_since_seen": 1}
        return OutcomeRecord(venue="perp_v2", account="0xab", candidate_id="c1", **told, **gas, **won, **self.where(block))


@pytest.fixture
def rows() -> Rows:
    """Blocks and rows."""
    return Rows()


@pytest.fixture
def options(tmp_path: Path) -> LakeOptions:
    """A lake of the test's own; no upkeep unless asked for."""
    return LakeOptions.at(tmp_path / "lake")


@pytest.fixture
def recorder(options: LakeOptions) -> Iterator[Callable[..., OneChain]]:
    """Opens recorders of one venue on the test's lake; they close with the test."""
    with ExitStack() as stack:

        def open_recorder(**changes: Any) -> OneChain:
            venues = changes.pop("venues", ("perp_v2",))
            return stack.enter_context(OneChain(replace(options, **changes), CHAIN, venues))

        yield open_recorder


@pytest.fixture
def ask(options: LakeOptions) -> Callable[[str], list[tuple[Any, ...]]]:
    """Asks the lake through a connection of its own."""

    def answer(sql: str) -> list[tuple[Any, ...]]:
        connection: duckdb.DuckDBPyConnection
        with connect(options.place.keeper) as connection:
            return connection.execute(sql).fetchall()

    return answer
