"""Every number of one account's margin computation, ours beside the contract's own where it has one."""

from collections.abc import Callable, Sequence

from keeper.domain.account import AccountKey
from keeper.domain.calldata import Encoder, number, signed
from keeper.domain.chain import Call, CallResult, Reads, Timestamp
from keeper.domain.fixed import X18, mul_div, mul_ratio
from keeper.domain.views import Explanation, Term
from keeper.venues.perp_v2 import funding, orders
from keeper.venues.perp_v2.margin import health_of, inspection_for, is_collateral_liquidatable, margin_of
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.state import Account, PerpBook, Position, parameters, reads_at

_Line = tuple[str, str, int, Call | None, Callable[[CallResult], int | None]]
"""Name, unit, our figure, the call that tells the contract's figure, how to read its answer."""


def explain(options: Options, encoder: Encoder, key: AccountKey, book: PerpBook, now: Timestamp) -> Reads[Explanation]:
    """Ours at `now`; the contract's at the block and time the shell pins the calls to, which should be the same."""
    account = book.accounts.get(key, Account())
    lines = list(_lines(options, encoder, key, account, book, now))
    answers = iter((yield [call for _, _, _, call, _ in lines if call is not None]))
    terms = tuple(Term(name, unit, local, read(next(answers)) if call is not None else None) for name, unit, local, call, read in lines)
    return Explanation(terms, tuple(_notes(account, book, now)))


def _lines(options: Options, encoder: Encoder, key: AccountKey, account: Account, book: PerpBook, now: Timestamp) -> list[_Line]:
    params, reads = parameters(book), reads_at(book, now)
    lines: list[_Line] = [
        ("balance", "settlement raw", account.balance_raw, encoder.call(options.vault, "getBalance(address)", key), signed),
        ("owed realized pnl", "USD x18", account.owed_x18, _pnl(options, encoder, key), signed),
    ]
    for base_token, position in account.positions.items():
        if base_token in reads.markets:
            lines += _position_lines(options, encoder, key, base_token, position, book, now)
    for token, amount in account.collateral.items():
        name = params.collaterals[token].name or token
        balance = encoder.call(options.vault, "getBalanceByToken(address,address)", key, token)
        lines.append((f"{name} collateral", "token raw", amount, balance, signed))
        if token in reads.collaterals:
            twap = encoder.call(options.collateral_manager, "getPrice(address,uint256)", token, 900)
            lines.append((f"{name} price, 15 min TWAP", "feed raw", reads.collaterals[token].twap, twap, number))
    return lines + _totals(options, encoder, key, account, book, now)


def _position_lines(
    options: Options, encoder: Encoder, key: AccountKey, base_token: str, position: Position, book: PerpBook, now: Timestamp
) -> list[_Line]:
    market, name = reads_at(book, now).markets[base_token], book.markets[base_token].name or base_token
    balances = options.account_balance
    size = orders.total_size(position, market.sqrt_price_x96)
    value = mul_div(size, market.price_x18, X18)
    notional = position.open_notional

    def ask(signature: str) -> Call:
        return encoder.call(balances, signature, key, base_token)

    mark = encoder.call(balances, "getMarkPrice(address)", base_token)
    lines: list[_Line] = [
        (f"{name} price", "USD x18", market.price_x18, mark, number),
        (f"{name} total size", "base x18", size, ask("getTotalPositionSize(address,address)"), signed),
        (f"{name} taker open notional", "USD x18", notional, ask("getTakerOpenNotional(address,address)"), signed),
        (f"{name} position value", "USD x18", value, ask("getTotalPositionValue(address,address)"), signed),
    ]
    if not position.orders:
        owed = funding.payment(position.size, market.growth_x96, position.growth_x96)
        pending = encoder.call(options.exchange, "getPendingFundingPayment(address,address)", key, base_token)
        lines.append((f"{name} pending funding", "USD x18", owed, pending, signed))
    return lines


def _totals(options: Options, encoder: Encoder, key: AccountKey, account: Account, book: PerpBook, now: Timestamp) -> list[_Line]:
    margin, health, params = margin_of(account, book, now), None, parameters(book)
    if key in book.accounts:
        health = health_of(key, book, now)
    if margin is None or health is None:
        return []
    balances, vault = options.account_balance, options.vault
    settlement = margin.settlement_token_value // params.settlement_unit
    requirement = encoder.call(balances, "getMarginRequirementForLiquidation(address)", key)
    lines: list[_Line] = [
        ("unrealized pnl", "USD x18", margin.unrealized_pnl, _pnl(options, encoder, key), lambda answer: signed(answer, 1)),
        ("settlement token value", "settlement raw", settlement, encoder.call(vault, "getSettlementTokenValue(address)", key), signed),
        ("collateral value at ratios", "USD x18", margin.collateral_value, None, signed),
        (
            "absolute position value",
            "USD x18",
            margin.abs_position_value,
            encoder.call(balances, "getTotalAbsPositionValue(address)", key),
            number,
        ),
        ("account value", "USD x18", health.equity.raw, encoder.call(options.clearing_house, "getAccountValue(address)", key), signed),
        ("margin requirement", "USD x18", health.requirement.raw, requirement, signed),
    ]
    return lines + (_collateral_lines(options, encoder, key, account, book, now) if account.collateral else [])


def _collateral_lines(options: Options, encoder: Encoder, key: AccountKey, account: Account, book: PerpBook, now: Timestamp) -> list[_Line]:
    margin, params = margin_of(account, book, now), parameters(book)
    if margin is None:
        return []
    needed = mul_ratio(margin.abs_position_value, params.config.mm_ratio + params.config.mm_ratio_buffer)
    requirement_call = encoder.call(options.vault, "getMarginRequirementForCollateralLiquidation(address)", key)
    flag = int(is_collateral_liquidatable(margin, params, account.debt_threshold_raw))
    return [
        ("requirement for collateral", "USD x18", needed, requirement_call, signed),
        ("collateral liquidatable", "0 or 1", flag, encoder.call(options.vault, "isLiquidatable(address)", key), number),
    ]


def _pnl(options: Options, encoder: Encoder, key: AccountKey) -> Call:
    return encoder.call(options.account_balance, "getPnlAndPendingFee(address)", key)


def _notes(account: Account, book: PerpBook, now: Timestamp) -> Sequence[str]:
    notes = [f"no price for {name}: the contract reverts too" for name in account.positions if name not in reads_at(book, now).markets]
    if account.is_maker:
        view = inspection_for(account, book.moment, now)
        notes.append(
            f"pending fee {view.pending_fee / X18:.6f} and funding {view.pending_funding / X18:.6f} were read: no event tells a maker's"
            if view
            else "pending fee and funding of the orders are those of an earlier block: inspect the account first"
        )
    return notes
