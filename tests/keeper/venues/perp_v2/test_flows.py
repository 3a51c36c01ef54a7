"""The insurance fund and account flows as the lake is told of them, each amount in its token's decimals."""

from keeper.domain.chain import Address, Hash32, RawLog
from keeper.domain.views import FlowKind, InsuranceFund
from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2.events import PerpEvent
from keeper.venues.perp_v2.read_events import InsuranceFundRead
from tests.keeper.venues.perp_v2.books import ALICE, BOB, USDC, WETH, Desk

STRANGE = "0x" + "99" * 20


def _log(index: int) -> RawLog:
    return RawLog(Address("0x" + "00" * 20), (), b"", 7, Hash32("0x" + "77" * 32), Hash32("0x" + "11" * 32), index)


def test_the_fund_is_what_the_block_itself_tells_in_settlement_units() -> None:
    """It may owe. A forecast is of another time."""
    desk = Desk()
    events = [InsuranceFundRead(desk.now + 12, 1), InsuranceFundRead(desk.now, -5)]
    assert desk.venue.insurance_fund(events, desk.book) == InsuranceFund(-5, 6)
    assert desk.venue.insurance_fund(events[:1], desk.book) is None


def test_each_flow_has_its_kind_its_token_and_its_decimals() -> None:
    desk = Desk()
    events: list[PerpEvent] = [
        log.Deposited(USDC, ALICE, 10**30),
        log.PnlRealized(ALICE, 5),
        log.Withdrawn(WETH, BOB, 7),
        log.BadDebtSettled(ALICE, 4),
        log.Deposited(STRANGE, BOB, 1),
    ]
    flows = desk.venue.account_flows([(_log(index), event) for index, event in enumerate(events)], desk.book)
    assert [(flow.account, flow.kind, flow.token, flow.amount_raw, flow.decimals, flow.log.log_index) for flow in flows] == [
        (ALICE, FlowKind.DEPOSIT, USDC, 10**30, 6, 0),
        (BOB, FlowKind.WITHDRAWAL, WETH, 7, 18, 2),
        (ALICE, FlowKind.BAD_DEBT, USDC, 4, 6, 3),
        (BOB, FlowKind.DEPOSIT, STRANGE, 1, None, 4),
    ]
