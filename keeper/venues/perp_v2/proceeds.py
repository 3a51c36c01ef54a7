"""What one transaction changed in the executor's own assets: wallet and Vault together, so that moving money between them is nothing."""

from collections.abc import Callable, Sequence

from keeper.domain.chain import Address, RawLog
from keeper.domain.event_abi import topic_of
from keeper.domain.money import Usd18
from keeper.domain.parse import address_of_word
from keeper.domain.views import Proceeds
from keeper.venues.perp_v2.events import LogEvent
from keeper.venues.perp_v2.log_events import Deposited, PnlRealized, Withdrawn
from keeper.venues.perp_v2.margin import collateral_worth
from keeper.venues.perp_v2.state import PerpBook, parameters

TRANSFER = "Transfer(address indexed from,address indexed to,uint256 value)"


class ProceedsReader:
    """Reads receipts."""

    def __init__(self, decode: Callable[[RawLog], LogEvent | None]) -> None:
        self._decode = decode
        self._transfer = topic_of(TRANSFER)

    def __call__(self, logs: Sequence[RawLog], executor: Address, book: PerpBook) -> Proceeds:
        """Settlement exactly: realised pnl, fees, funding and rewards (all PnlRealized), plus tokens that entered or left wallet and
        Vault taken together. Tokens are valued at the newest prices the book has."""
        params = parameters(book)
        realized = 0
        tokens: dict[str, int] = {}
        for log in logs:
            self._transferred(log, executor, tokens)
            event = self._decode(log)
            match event:
                case PnlRealized() if event.trader == executor:
                    realized += event.amount
                case Deposited() if event.trader == executor:
                    _add(tokens, event.collateral_token, event.amount)
                case Withdrawn() if event.trader == executor:
                    _add(tokens, event.collateral_token, -event.amount)
        settlement = tokens.pop(params.settlement_token, 0) * params.settlement_unit
        known = {token: amount for token, amount in tokens.items() if token in params.collaterals and amount}
        return Proceeds(
            settlement=Usd18(realized + settlement),
            tokens=tuple((Address(token), amount) for token, amount in known.items()),
            tokens_value=Usd18(sum(_worth(token, amount, book) for token, amount in known.items())),
        )

    def _transferred(self, log: RawLog, executor: Address, tokens: dict[str, int]) -> None:
        """Count an ERC-20 transfer to or from the executor."""
        if not log.topics or log.topics[0] != self._transfer or len(log.topics) != 3:
            return
        sender, receiver = address_of_word(log.topics[1]), address_of_word(log.topics[2])
        amount = int.from_bytes(log.data, "big")
        _add(tokens, log.address, amount * ((receiver == executor) - (sender == executor)))


def _add(amounts: dict[str, int], key: str, amount: int) -> None:
    if amount:
        amounts[key] = amounts.get(key, 0) + amount


def _worth(token: str, amount: int, book: PerpBook) -> int:
    """USD X18 at the newest price of the book; 0 where there is none."""
    for time in sorted(book.reads, reverse=True):
        prices = book.reads[time].collaterals.get(token)
        if prices is not None:
            worth = collateral_worth(abs(amount), prices.spot, parameters(book).collaterals[token])
            return worth if amount > 0 else -worth
    return 0
