"""A keeper's lake with one account for every way a deficit can end: blocks 1 to 30, a map of all positions at blocks 10 and 20.

Amounts are USD with 18 decimals; ODD keeps a last digit that a float would lose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keeper.domain.records import (
    AccountFlowRecord,
    AccountSnapshotRecord,
    InsuranceFundRecord,
    LiquidationRecord,
    PositionSnapshotRecord,
    Raw,
    Record,
)
from tests.analytics.keeper_lake import VENUE, Rows, where, write_lake

X18 = 10**18
ODD = 20 * X18 + 7
BLOCKS = 30


@dataclass(frozen=True, slots=True)
class Victim:
    """One account: equity tested in block 11, liquidations (block, penalty, bad debt the fund paid), equity after them, in units."""

    margin: int | None
    liquidations: tuple[tuple[int, int, int], ...]
    after: int | None
    kind: str = "positions"


VICTIMS = {
    "left": Victim(100 * X18, ((12, 5 * X18, 0),), 60 * X18),
    "insured": Victim(50 * X18 + 1, ((12, 3 * X18, ODD),), 0),
    "unpaid": Victim(10 * X18, ((12, 2 * X18, 0),), -8 * X18),
    "twice": Victim(80 * X18, ((12, X18, 0), (14, 2 * X18, 0)), 70 * X18),
    "gainer": Victim(30 * X18, ((12, X18, 0),), 40 * X18),
    "underwater": Victim(-5 * X18, ((12, X18, 0),), -9 * X18),
    "seized": Victim(25 * X18, ((13, 4 * X18, 0),), 20 * X18, "collateral"),
    "alone": Victim(6 * X18, ((12, X18, 0),), 0),
    "open": Victim(40 * X18, ((12, 2 * X18, 0),), -3 * X18),
    "silent": Victim(15 * X18, ((12, X18, 0),), None),
    "untested": Victim(None, ((12, X18, 0),), 1 * X18),
    "late": Victim(12 * X18, ((24, X18, 0),), 2 * X18),
}
"""`alone` had 4 USD of bad debt settled in a transaction of its own; `late` was liquidated after the last map."""


def write_deficits(directory: Path, *, old: tuple[str, ...] = (), decimals: int | None = 6, alone_block: int = 16) -> None:
    """Write it."""
    write_lake(directory, deficit_blocks(old=old, decimals=decimals, alone_block=alone_block))


def deficit_blocks(*, old: tuple[str, ...] = (), decimals: int | None = 6, alone_block: int = 16) -> dict[int, list[Record]]:
    """Its rows by block. Liquidations of `old` accounts have no raw amounts, as the keeper's first schema wrote them; the settlement token
    has 6 decimals, as `decimals` tells where they are known; `alone` is settled in `alone_block`, its last equity is of block 16."""
    blocks: dict[int, list[Record]] = {number: [] for number in range(1, BLOCKS + 1)}
    for name, victim in VICTIMS.items():
        _write_victim(blocks, name, victim, raw=name not in old)
    blocks[11].append(_fund(11, 1_000_000_000))
    blocks[25].append(_fund(25, 980_500_000))
    blocks[alone_block].append(_flow(alone_block, "bad_debt", "alone", 4_000_000, decimals))
    blocks[12].append(_flow(12, "bad_debt", "insured", 20_000_000, decimals, "0xinsured12"))
    blocks[13].append(_flow(13, "deposit", "gainer", 9_000_000, decimals))
    for number, holders in ((10, (*VICTIMS, "bystander")), (20, ("open", "late", "bystander"))):
        blocks[number] += [_position(number, holder) for holder in holders]
    return blocks


def _write_victim(blocks: dict[int, list[Record]], name: str, victim: Victim, *, raw: bool) -> None:
    if victim.margin is not None:
        blocks[9].append(_snapshot(9, name, victim.margin + 1))
        tested = Rows(11).evaluation(name, "positions")
        blocks[11].append(replace(tested, equity_raw=Raw(str(victim.margin))))
    for number, penalty, bad_debt in victim.liquidations:
        # A test in the block of a liquidation already has it: never the margin.
        blocks[number].append(replace(Rows(number).evaluation(name, "positions"), equity_raw=Raw(str(999 * X18))))
        blocks[number].append(_liquidation(number, name, victim.kind, penalty, bad_debt, raw=raw))
    last = victim.liquidations[-1][0]
    if victim.after is None:
        blocks[last] = [row for row in blocks[last] if not (getattr(row, "account", "") == name and hasattr(row, "breach"))]
    else:
        blocks[last + 4].append(_snapshot(last + 4, name, victim.after))


def _liquidation(number: int, name: str, kind: str, penalty: int, bad_debt: int, *, raw: bool) -> LiquidationRecord:
    amounts: dict[str, Any] = {"penalty": penalty, "reward": penalty // 2, "bad_debt": bad_debt}
    usd = {f"{key}_usd": value / X18 for key, value in amounts.items()}
    made = Rows(number).liquidation(name, "ETH", 100.0, "long", kind=kind, **usd)
    texts: dict[str, Any] = {f"{key}_raw": Raw(str(value)) if raw else None for key, value in amounts.items()}
    return replace(made, **texts)


def _snapshot(number: int, account: str, equity: int) -> AccountSnapshotRecord:
    both: dict[str, Any] = {"equity_raw": Raw(str(equity)), "equity_chain_raw": Raw(str(equity))}
    needed: dict[str, Any] = {"requirement_raw": Raw("0"), "requirement_chain_raw": Raw("0"), "usd_decimals": 18}
    judgement: dict[str, Any] = {"matches": True, "breach": None, "chain_verdict": None, "chain_reason": None}
    return AccountSnapshotRecord(venue=VENUE, account=account, **both, **needed, **judgement, **where(number))


def verdict(number: int, account: str) -> AccountSnapshotRecord:
    """A comparison with a contract that tells no figures."""
    judgement: dict[str, Any] = {"equity_chain_raw": None, "requirement_chain_raw": None, "chain_verdict": "healthy", "chain_reason": "so"}
    return replace(_snapshot(number, account, 1), **judgement)


def _position(number: int, account: str) -> PositionSnapshotRecord:
    amounts: dict[str, Any] = {"size": 1.0, "open_notional_usd": 100.0, "size_raw": Raw("1"), "open_notional_raw": Raw("1")}
    amounts |= {"size_decimals": 18, "usd_decimals": 18}
    state: dict[str, Any] = {"mark_price": 100.0, "liquidation_price": None, "equity_usd": 1.0, "requirement_usd": 1.0}
    names: dict[str, Any] = {"venue": VENUE, "account": account, "market": "ETH", "underlying": "ETH"}
    return PositionSnapshotRecord(has_orders=False, **names, **amounts, **state, **where(number))


def _fund(number: int, capacity: int) -> InsuranceFundRecord:
    return InsuranceFundRecord(venue=VENUE, capacity_raw=Raw(str(capacity)), decimals=6, capacity_usd=capacity / 10**6, **where(number))


def _flow(number: int, kind: str, account: str, amount: int, decimals: int | None, transaction: str = "0xother") -> AccountFlowRecord:
    told: dict[str, Any] = {"kind": kind, "token": "0xusd", "amount_raw": Raw(str(amount)), "decimals": decimals}
    return AccountFlowRecord(venue=VENUE, account=account, transaction_hash=transaction, log_index=0, **told, **where(number))
