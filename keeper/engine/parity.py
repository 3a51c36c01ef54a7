"""Our margins beside the contract's own view of the same accounts at the same block: the rows of a comparison, and what they show.

A difference is never overlooked: it means a missed log, an unhandled reorg, a lie or a wrong formula. See `engine.repair`."""

from collections.abc import Mapping, Sequence

from keeper.domain.account import AccountKey
from keeper.domain.chain_view import ChainMargins, ChainVerdict, ChainView
from keeper.domain.health import Health
from keeper.domain.records import AccountSnapshotRecord, raw
from keeper.engine.recording import BlockKeys
from keeper.errors import StateDivergence


def parity_rows(keys: BlockKeys, views: Sequence[ChainView], local: Mapping[AccountKey, Health]) -> list[AccountSnapshotRecord]:
    """account_snapshots."""
    return [_parity_row(keys, view, local[view.account]) for view in views]


def _parity_row(keys: BlockKeys, view: ChainView, health: Health) -> AccountSnapshotRecord:
    margins = view if isinstance(view, ChainMargins) else None
    verdict = view if isinstance(view, ChainVerdict) else None
    return AccountSnapshotRecord(
        account=view.account,
        equity_raw=raw(health.equity.raw),
        equity_chain_raw=raw(margins.equity.raw) if margins else None,
        requirement_raw=raw(health.requirement.raw),
        requirement_chain_raw=raw(margins.requirement.raw) if margins else None,
        matches=view.matches(health),
        usd_decimals=health.equity.decimals,
        breach=health.breach.value if health.breach else None,
        chain_verdict=verdict.verdict.value if verdict else None,
        chain_reason=verdict.reason if verdict else None,
        **keys.columns(),
    )


def mismatches(rows: Sequence[AccountSnapshotRecord]) -> list[AccountSnapshotRecord]:
    """Those that contradict the contract. One that does not know contradicts nothing."""
    return [row for row in rows if row.matches is False]


def unknowns(rows: Sequence[AccountSnapshotRecord]) -> list[AccountSnapshotRecord]:
    """Those in which the contract does not know: nothing was compared."""
    return [row for row in rows if row.matches is None]


def must_match(rows: Sequence[AccountSnapshotRecord]) -> None:
    """Raises StateDivergence naming the first account that differs."""
    wrong = mismatches(rows)
    if wrong:
        raise StateDivergence(described(wrong[0]))


def described(row: AccountSnapshotRecord) -> str:
    """A comparison in words."""
    account = f"{row.venue} account {row.account} at block {row.block_number} ({row.block_hash})"
    if row.chain_verdict is not None:
        return f"{account}: breach {row.breach or 'none'} here, {row.chain_verdict} on chain: {row.chain_reason}"
    return (
        f"{account}: equity {row.equity_raw} here, {row.equity_chain_raw} on chain; "
        f"requirement {row.requirement_raw} here, {row.requirement_chain_raw} on chain"
    )
