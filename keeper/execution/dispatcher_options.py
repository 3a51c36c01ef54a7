"""Limits the operator sets to the dispatcher."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from keeper.domain.sub_plan import MAX_TRANSACTION_GAS


def no_market_tip() -> int:
    """Where nobody tells what tip others pay."""
    return 0


def no_data_fee(_: bytes) -> int:
    """On a chain that charges nothing for putting a transaction on L1."""
    return 0


def no_halt() -> bool:
    """Nobody has stopped sending."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherOptions:
    """Fees, patience and limits of one nonce lane. Wei per gas, wei, blocks, percent.

    `dropped_after_blocks`: a transaction not in a block by then is given up. `final_after_blocks`: an inclusion that deep is no longer
    tracked. `conflict_after_heads`: a used nonce without a transaction of the keeper is a conflict after that many new heads (a node may
    show the account's count before the receipt). `cancel_gas`: gas of a self-transfer, more than 21,000 on some rollups.
    `remembered_s`: how far back the outbox is compared with the lake at start. `data_fee_wei`: what the chain charges for a transaction
    with this calldata on top of its gas, at the newest prices. `market_tip_wei`: the tip that others pay, which raised fees go up to at
    once. `halt`: the kill switch. While it is engaged nothing new is signed and no fee raised: no more is committed than was before. What
    is signed goes on to be offered, settled and cancelled. The caps (wei) are on gas, data fee and what the contract pays with its calls;
    None for no cap."""

    chain_id: int
    state_dir: Path
    max_fee_cap_wei: int
    spending_cap_wei_per_day: int
    spending_cap_wei_per_hour: int | None = None
    spending_cap_wei_per_account: int | None = None
    bump_after_blocks: int = 3
    bump_percent: int = 125
    max_bumps: int = 3
    dropped_after_blocks: int = 30
    final_after_blocks: int = 64
    conflict_after_heads: int = 3
    max_gas_limit: int = MAX_TRANSACTION_GAS
    cancel_gas: int = 21_000
    remembered_s: int = 30 * 86_400
    data_fee_wei: Callable[[bytes], int] = no_data_fee
    market_tip_wei: Callable[[], int] = no_market_tip
    halt: Callable[[], bool] = no_halt
