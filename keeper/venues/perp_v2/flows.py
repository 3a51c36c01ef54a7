"""What the insurance fund can pay, and what comes into accounts and leaves them."""

from collections.abc import Iterator, Sequence

from keeper.domain.account import AccountKey
from keeper.domain.chain import RawLog
from keeper.domain.venue import Event
from keeper.domain.views import AccountFlow, FlowKind, InsuranceFund
from keeper.venues.perp_v2.log_events import BadDebtSettled, Deposited, Withdrawn
from keeper.venues.perp_v2.read_events import InsuranceFundRead
from keeper.venues.perp_v2.state import PerpBook, parameters


def insurance_fund(events: Sequence[Event], book: PerpBook) -> InsuranceFund | None:
    """The capacity that the block's own reads tell, not its forecast."""
    for event in events:
        if isinstance(event, InsuranceFundRead) and event.timestamp == book.moment.timestamp:
            return InsuranceFund(event.capacity_raw, parameters(book).settlement_decimals)
    return None


def account_flows(events: Sequence[tuple[RawLog, Event]], book: PerpBook) -> Iterator[AccountFlow]:
    """Deposits, withdrawals, and what the insurance fund paid for an account, in the settlement token."""
    for log, event in events:
        match event:
            case Deposited():
                yield _flow(event.trader, FlowKind.DEPOSIT, event.collateral_token, event.amount, log, book)
            case Withdrawn():
                yield _flow(event.trader, FlowKind.WITHDRAWAL, event.collateral_token, event.amount, log, book)
            case BadDebtSettled():
                yield _flow(event.trader, FlowKind.BAD_DEBT, parameters(book).settlement_token, event.amount, log, book)


def _flow(trader: str, kind: FlowKind, token: str, amount: int, log: RawLog, book: PerpBook) -> AccountFlow:
    return AccountFlow(AccountKey(trader), kind, token, amount, _decimals(token, book), log)


def _decimals(token: str, book: PerpBook) -> int | None:
    known = parameters(book)
    if token == known.settlement_token:
        return known.settlement_decimals
    collateral = known.collaterals.get(token)
    return collateral.decimals if collateral else None
