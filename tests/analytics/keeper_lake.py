"""A lake as the keeper writes it, with the 21 March 2025 example of S2: 145.18M USD in three markets, 77.42 % long."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analytics.lake import open_market
from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.domain.records import BlockRecord, DecisionRecord, EvaluationRecord, LiquidationRecord, MicroTime, Raw, Record
from keeper.lake.connection import LAKE, attach
from keeper.lake.options import LakeOptions
from keeper.lake.place import LakePlace
from tests.keeper.lake.one_chain import OneChain

CHAIN, VENUE = 10, "perp_v2"
GENESIS_TIME = 1_742_515_200  # 21 March 2025 00:00 UTC
BLOCK_SECONDS = 2

EXAMPLE = (("BTC", 78.47e6, 0.7925), ("ETH", 51.71e6, 0.7032), ("SOL", 15.00e6, 0.9235))
"""Market, notional in USD, long share."""


def block_ref(number: int) -> BlockRef:
    """Block `number`."""
    return BlockRef(number, Hash32(f"0x{number:x}"), Hash32(f"0x{number - 1:x}"), Timestamp(GENESIS_TIME + BLOCK_SECONDS * number))


def where(number: int) -> dict[str, Any]:
    """The block columns of a row."""
    block = block_ref(number)
    return {"chain_id": CHAIN, "block_number": number, "block_hash": block.hash, "block_time": block.timestamp}


def _x18(usd: float) -> Raw:
    """As a keeper writes it, to the float's precision."""
    return Raw(str(int(usd * 10**18)))


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one block."""

    number: int

    def head(self) -> BlockRecord:
        """blocks."""
        times: dict[str, Any] = {"received_at": MicroTime(0), "finished_at": MicroTime(12_000)}
        counts: dict[str, Any] = {"logs": 1, "evaluated": 1, "watched": 9, "rpc_requests": 3, "rpc_calls": 5}
        return BlockRecord(parent_hash=block_ref(self.number).parent_hash, **times, **counts, **where(self.number))

    def liquidation(self, account: str, market: str, notional_usd: float, side: str, **changes: Any) -> LiquidationRecord:
        """liquidations: by us unless told otherwise."""
        size = notional_usd / 100.0 * (1 if side == "long" else -1)
        row: dict[str, Any] = {
            "transaction_hash": f"0x{account}{self.number}",
            "log_index": 1,
            "liquidator": "0xkeeper",
            "ours": True,
            "candidate_id": None,
            "kind": "positions",
            "size_raw": Raw(str(int(size * 10**18))),
            "size": size,
            "price": 100.0,
            "notional_raw": Raw(str(int(notional_usd) * 10**18)),
            "notional_usd": notional_usd,
            "penalty_usd": notional_usd * 0.025,
            "reward_usd": notional_usd * 0.0125,
            "bad_debt_usd": 0.0,
            "underlying": market,
        }
        row |= {"size_decimals": 18, "usd_decimals": 18}
        row |= {f"{name}_raw": _x18({**row, **changes}[f"{name}_usd"]) for name in ("penalty", "reward", "bad_debt")}
        return LiquidationRecord(venue=VENUE, account=account, market=market, side=side, **(row | changes), **where(self.number))

    def evaluation(self, account: str, breach: str | None, ahead_s: int = 0) -> EvaluationRecord:
        """evaluations: at the head's time, or `ahead_s` later."""
        basis = Timestamp(block_ref(self.number).timestamp + ahead_s)
        figures: dict[str, Any] = {"equity_raw": Raw("1"), "equity_usd": 5.0, "requirement_raw": Raw("2"), "requirement_usd": 6.0}
        figures["usd_decimals"] = 18
        return EvaluationRecord(
            venue=VENUE, account=account, basis_time=basis, candidate_id=None, breach=breach, **figures, **where(self.number)
        )

    def skip(self, account: str, reason: str) -> DecisionRecord:
        """decisions: a candidate left alone."""
        empty: dict[str, Any] = dict.fromkeys(("detail", "market", "breach", "size_raw", "size_decimals", "notional_usd", "used"))
        empty |= dict.fromkeys(("expected_reward_usd", "expected_cost_usd", "expected_profit_usd"))
        made: dict[str, Any] = {"stage": "decide", "action": "skip", "reason": reason, "decided_at": MicroTime(0)}
        return DecisionRecord(venue=VENUE, account=account, candidate_id=f"{account}{self.number}", **made, **empty, **where(self.number))


def change(directory: Path, *statements: str) -> None:
    """Run statements on rows of both catalogs (`lake.main.*` and `market.*`), as nobody else may."""
    with open_market(directory) as connection:
        attach(connection, LakePlace.at(directory).keeper, LAKE, read_only=False)
        for statement in statements:
            connection.execute(statement)


def write_lake(directory: Path, blocks: dict[int, list[Record]]) -> None:
    """A lake with these blocks, as the keeper leaves it."""
    with OneChain(LakeOptions.at(directory), CHAIN, [VENUE]) as recorder:
        for number in sorted(blocks):
            recorder.block(block_ref(number), [Rows(number).head(), *blocks[number]])


def example_blocks() -> dict[int, list[Record]]:
    """The example's liquidations, one block per market: longs in one row, shorts in another."""
    blocks: dict[int, list[Record]] = {}
    for number, (market, notional, long_share) in enumerate(EXAMPLE, start=1):
        rows = Rows(number)
        blocks[number] = [
            rows.liquidation(f"long{market}", market, notional * long_share, "long"),
            rows.liquidation(f"short{market}", market, notional * (1 - long_share), "short", log_index=2, ours=False, liquidator="0xrival"),
        ]
    return blocks
