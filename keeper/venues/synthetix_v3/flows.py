"""What comes into accounts and leaves them: collateral, and debt paid from outside."""

from collections.abc import Iterator, Sequence

from keeper.domain.chain import RawLog
from keeper.domain.fixed import X18_DECIMALS
from keeper.domain.venue import Event
from keeper.domain.views import AccountFlow, FlowKind
from keeper.venues.synthetix_v3.account_event import account_key
from keeper.venues.synthetix_v3.log_events import CollateralModified, DebtPaid
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.state import SNX_USD, SynthetixBook, parameters


def account_flows(options: Options, events: Sequence[tuple[RawLog, Event]], book: SynthetixBook) -> Iterator[AccountFlow]:
    """Synths have 18 decimals, as snxUSD has. Debt that is paid comes in as snxUSD and is gone at once."""
    for log, event in events:
        match event:
            case CollateralModified():
                kind = FlowKind.DEPOSIT if event.amount_delta > 0 else FlowKind.WITHDRAWAL
                token = _token(str(event.collateral_id), options, book)
                yield AccountFlow(account_key(event.account_id), kind, token, abs(event.amount_delta), X18_DECIMALS, log)
            case DebtPaid():
                yield AccountFlow(account_key(event.account_id), FlowKind.DEPOSIT, options.usd_token, event.amount, X18_DECIMALS, log)


def _token(collateral_id: str, options: Options, book: SynthetixBook) -> str:
    """The token's address; the synth's id while nobody told it."""
    if collateral_id == SNX_USD:
        return options.usd_token
    collateral = parameters(book).collaterals.get(collateral_id)
    return collateral.token if collateral and collateral.token else f"synth {collateral_id}"
