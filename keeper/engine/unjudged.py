"""Accounts of which a venue's contract tells nothing that ours could be compared with: a line when some come to it and when it is over."""

from collections.abc import Sequence

from structlog.typing import FilteringBoundLogger

from keeper.domain.records import AccountSnapshotRecord
from keeper.engine.metrics import Metrics
from keeper.engine.parity import unknowns


class Unjudged:
    """Looks at every comparison of one venue, counts what was compared and what was not, and speaks of changes only."""

    def __init__(self, log: FilteringBoundLogger, metrics: Metrics) -> None:
        self._log = log
        self._metrics = metrics
        self._accounts: frozenset[str] = frozenset()

    def look(self, rows: Sequence[AccountSnapshotRecord]) -> None:
        """To be called with the rows of a comparison."""
        unknown = {row.account: row for row in unknowns(rows)}
        newcomers = [unknown[account] for account in sorted(unknown.keys() - self._accounts)]
        returners = [row for row in rows if row.account in self._accounts and row.account not in unknown]
        for row in newcomers[:1]:
            place = {"venue": row.venue, "block": row.block_number, "accounts": len(newcomers), "first": row.account}
            self._log.warning("not judged by the contract", **place, reason=row.chain_reason)
        for row in returners[:1]:
            self._log.info("judged by the contract again", venue=row.venue, block=row.block_number, accounts=len(returners))
        self._accounts = self._accounts - {row.account for row in returners} | unknown.keys()
        self._metrics.parity.inc(len(rows) - len(unknown))
        self._metrics.unjudged.inc(len(unknown))
