"""How margin gets into the Vault for an executor and out of it again, and which tokens an executor may come to hold."""

from collections.abc import Sequence

from keeper.domain.chain import Address
from keeper.domain.money import Usd18
from keeper.domain.permission import OwnerCall
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.rules import APPROVE, WITHDRAW
from keeper.venues.perp_v2.state import Parameters, PerpBook, parameters


def pay_in(options: Options, book: PerpBook, executor: Address, amount: Usd18) -> Sequence[OwnerCall]:
    """Anybody with the settlement token may deposit for the executor; here its owner does."""
    params = parameters(book)
    amount_raw = _settlement_raw(amount, params)
    return (
        OwnerCall(params.settlement_token, APPROVE, (options.vault, amount_raw)),
        OwnerCall(options.vault, "depositFor(address,address,uint256)", (executor, params.settlement_token, amount_raw)),
    )


def pay_out(options: Options, book: PerpBook, amount: Usd18) -> Sequence[OwnerCall]:
    """Made by the executor itself: the Vault pays its caller."""
    params = parameters(book)
    return (OwnerCall(options.vault, WITHDRAW, (params.settlement_token, _settlement_raw(amount, params))),)


def _settlement_raw(amount: Usd18, params: Parameters) -> int:
    """Units of the settlement token, rounded down."""
    return amount.raw // params.settlement_unit


def tokens(book: PerpBook) -> Sequence[Address]:
    """The settlement token first, then the collaterals."""
    params = parameters(book)
    return (params.settlement_token, *(Address(token) for token in sorted(params.collaterals)))
