"""What the executor may do on this venue: the functions plans are made of, with the markets, tokens and contracts they may name.

A market or collateral that is listed later is not in the executor's rules until its owner allows it."""

from collections.abc import Iterable, Sequence

from keeper.domain.calldata import Encoder, word
from keeper.domain.chain import LogFilter
from keeper.domain.event_abi import topic_of
from keeper.domain.permission import CallRule, Valuer
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.signatures import COLLATERAL_ADDED, POOL_ADDED
from keeper.venues.perp_v2.state import PerpBook, parameters

CANCEL = "cancelAllExcessOrders(address,address)"
LIQUIDATE = "liquidate(address,address,int256)"
CLOSE = "closePosition((address,uint160,uint256,uint256,bytes32))"
WITHDRAW = "withdraw(address,uint256)"
DEPOSIT = "deposit(address,uint256)"
APPROVE = "approve(address,uint256)"
LIQUIDATE_COLLATERAL = "liquidateCollateral(address,address,uint256,bool)"
_FREE: tuple[int, ...] = ()
_IN_SETTLEMENT = (1,)
"""liquidateCollateral's last argument: the amount is that of the settlement token."""


def rules(options: Options, book: PerpBook) -> Sequence[CallRule]:
    """ClearingHouse: cancel, take over, close. Vault: margin between Vault and the executor's own wallet (deposit and withdraw pay
    nobody else), collateral bought. Settlement token: allowance for the Vault, which pulls only from its caller."""
    params = parameters(book)
    house, vault, settlement = options.clearing_house, options.vault, params.settlement_token
    markets, collaterals = _values(book.markets), _values(params.collaterals)
    margin = _values([settlement])
    listed = [
        CallRule(vault, WITHDRAW, (margin, _FREE)),
        CallRule(vault, DEPOSIT, (margin, _FREE)),
        CallRule(settlement, APPROVE, (_values([vault]), _FREE)),
    ]
    # A word without values would be free, so a function is left out where there is nothing it may name.
    if markets:
        listed += [
            CallRule(house, CANCEL, (_FREE, markets)),
            CallRule(house, LIQUIDATE, (_FREE, markets, _FREE)),
            CallRule(house, CLOSE, (markets, _FREE, _FREE, _FREE, _FREE)),
        ]
    if collaterals:
        listed.append(CallRule(vault, LIQUIDATE_COLLATERAL, (_FREE, collaterals, _FREE, _IN_SETTLEMENT)))
    return listed


def valuer(options: Options, encoder: Encoder, book: PerpBook) -> Valuer:
    """contracts/src/PerpV2Valuer.sol over this deployment's Vault and collaterals."""
    tokens: list[str] = sorted(parameters(book).collaterals)
    return Valuer(
        contract="PerpV2Valuer",
        package="keeper.venues.perp_v2",
        arguments=(("address", options.vault), ("address[]", tokens)),
        answers=(
            (encoder.data("vault()"), word(options.vault)),
            (encoder.data("tokens()"), word(32) + word(len(tokens)) + b"".join(word(token) for token in tokens)),
        ),
    )


def listings(options: Options) -> Sequence[LogFilter]:
    """What the lists are made of."""
    added = ((options.market_registry, POOL_ADDED), (options.collateral_manager, COLLATERAL_ADDED))
    return [LogFilter((contract,), (topic_of(event),)) for contract, event in added]


def _values(addresses: Iterable[str]) -> tuple[int, ...]:
    return tuple(sorted(int(one, 16) for one in addresses))
