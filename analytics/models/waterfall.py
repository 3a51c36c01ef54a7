"""M24: who paid for the deficits of liquidated accounts, in integers of the settlement unit, per distinct victim account."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analytics.models.arrays import ModelInputError
from analytics.models.figure import Definition

BAD_DEBT = Definition(
    "M24",
    "bad debt",
    "USD",
    "sum over distinct victim accounts of max(0, -E_close); uses = margin + liquidation fees + insurance + ADL + socialised + unpaid",
    "never the sum of negative PnL of fills: one account's fills are merged, and winners' fills are not deficits",
)
OVERSHOOT = Definition(
    "M24", "ADL overshoot", "USD", "haircut of the winners - deficit left for them", "not defined on a venue without ADL: null, not zero"
)


@dataclass(frozen=True, slots=True)
class Closed:
    """One victim account at its final close: margin it had, loss it owed to counterparties, fee charged for liquidating it (all >= 0
    units)."""

    account: str
    margin: int
    loss: int
    fee: int

    @property
    def equity_at_close(self) -> int:
        """E_close = margin - loss - fee; negative is bad debt."""
        return self.margin - self.loss - self.fee


@dataclass(frozen=True, slots=True)
class Purses:
    """What can absorb deficits, drawn in this order: fees collected in the event, insurance or backstop, ADL haircuts, LPs or
    socialised."""

    liquidation_fees: int
    insurance: int
    adl: int
    socialised: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """Sources and uses of one account, in units. `uses` = loss + fee + returned; the sources add up to it exactly."""

    account: str
    uses: int
    margin: int
    liquidation_fees: int
    insurance: int
    adl: int
    socialised: int
    unpaid: int

    @property
    def sources(self) -> int:
        """Everything that pays, what nobody paid included as the counterparties' loss."""
        return self.margin + self.liquidation_fees + self.insurance + self.adl + self.socialised + self.unpaid

    @property
    def bad_debt(self) -> int:
        """What the account's own margin did not cover."""
        return self.sources - self.margin


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Per account and in total; `left` are the purses afterwards."""

    accounts: tuple[Settlement, ...]
    total: Settlement
    left: Purses


def settle(closed: Iterable[Closed], purses: Purses) -> Waterfall:
    """Pay the accounts' deficits in the given order from the purses. ModelInputError for a repeated account (fills were not merged) or a
    negative amount."""
    seen: set[str] = set()
    rows: list[Settlement] = []
    for one in closed:
        _check(one, seen)
        row, purses = _pay(one, purses)
        rows.append(row)
    return Waterfall(tuple(rows), _total(rows), purses)


def settle_apart(closed: Iterable[tuple[Closed, Purses]]) -> Waterfall:
    """As `settle`, with purses of its own for each account: what was paid for one never covers another. `left` is what is left in all."""
    seen: set[str] = set()
    rows: list[Settlement] = []
    left = Purses(0, 0, 0, 0)
    for one, purses in closed:
        _check(one, seen)
        row, rest = _pay(one, purses)
        rows.append(row)
        left = Purses(
            left.liquidation_fees + rest.liquidation_fees,
            left.insurance + rest.insurance,
            left.adl + rest.adl,
            left.socialised + rest.socialised,
        )
    return Waterfall(tuple(rows), _total(rows), left)


def _check(one: Closed, seen: set[str]) -> None:
    if one.account in seen:
        raise ModelInputError(f"account {one.account} appears twice: a waterfall is per account, never per fill")
    if min(one.margin, one.loss, one.fee) < 0:
        raise ModelInputError(f"account {one.account} has a negative amount")
    seen.add(one.account)


def _pay(one: Closed, purses: Purses) -> tuple[Settlement, Purses]:
    deficit = max(0, -one.equity_at_close)
    fees = min(deficit, purses.liquidation_fees)
    insurance = min(deficit - fees, purses.insurance)
    adl = min(deficit - fees - insurance, purses.adl)
    socialised = min(deficit - fees - insurance - adl, purses.socialised)
    unpaid = deficit - fees - insurance - adl - socialised
    uses = one.loss + one.fee + max(0, one.equity_at_close)
    row = Settlement(one.account, uses, one.margin, fees, insurance, adl, socialised, unpaid)
    if row.sources != row.uses:
        raise ModelInputError(f"account {one.account}: sources {row.sources} are not uses {row.uses}")
    left = Purses(purses.liquidation_fees - fees, purses.insurance - insurance, purses.adl - adl, purses.socialised - socialised)
    return row, left


def _total(rows: list[Settlement]) -> Settlement:
    return Settlement(
        "total",
        sum(row.uses for row in rows),
        sum(row.margin for row in rows),
        sum(row.liquidation_fees for row in rows),
        sum(row.insurance for row in rows),
        sum(row.adl for row in rows),
        sum(row.socialised for row in rows),
        sum(row.unpaid for row in rows),
    )


def bad_debt(equity_at_close: Mapping[str, int]) -> int:
    """Sum of max(0, -E_close) over distinct accounts. Never the sum of negative PnL of fills."""
    return sum(max(0, -equity) for equity in equity_at_close.values())


def last_equity(fills: Iterable[tuple[str, int, int]]) -> dict[str, int]:
    """E_close per account from (account, order, equity after the fill): the last fill's, whatever came before."""
    last: dict[str, tuple[int, int]] = {}
    for account, order, equity in fills:
        if account not in last or order >= last[account][0]:
            last[account] = (order, equity)
    return {account: equity for account, (_, equity) in last.items()}


def adl_overshoot(haircut: int, residual_deficit: int) -> int:
    """What winners lost beyond the deficit that was left for them (negative: less than it)."""
    return haircut - residual_deficit
