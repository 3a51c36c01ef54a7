"""Accounts of which a venue's contract tells nothing that ours could be compared with: a line when one comes to it and when it is over."""

from collections.abc import Sequence

from structlog.typing import FilteringBoundLogger

from keeper.domain.records import AccountSnapshotRecord
from keeper.engine.metrics import Metrics
from keeper.engine.parity import unknowns


class Unjudged:
    """Looks at every comparison of one venue, counts what was compared and what was not, and speaks once for each change."""

    def __init__(self, log: FilteringBoundLogger, metrics: Metrics) -> None:
        self._log = log
        self._metrics = metrics
        self._accounts: frozenset[str] = frozenset()

    def look(self, rows: Sequence[AccountSnapshotRecord]) -> None:
        """To be called with the rows of a comparison."""
        unknown = {row.account: row for row in unknowns(rows)}
        for account in sorted(unknown.keys() - self._accounts):
            row = unknown[account]
            place = {"venue": row.venue, "account": account, "block": row.block_number}
            self._log.warning("not judged by the contract", **place, reason=row.chain_reason)
        for row in rows:
            if row.account in self._accounts - unknown.keys():
                self._log.info("judged by the contract again", venue=row.venue, account=row.account, block=row.block_number)
        self._accounts = self._accounts - {row.account for row in rows} | unknown.keys()
        self._metrics.parity.inc(len(rows) - len(unknown))
        self._metrics.unjudged.inc(len(unknown))
