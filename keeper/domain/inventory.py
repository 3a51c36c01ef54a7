"""What an executor holds beside its positions, and the one step that brings it nearer to its owner's targets. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from keeper.domain.calldata import Encoder, number
from keeper.domain.chain import Address, Reads
from keeper.domain.exchange import Exchange, ExchangePrice, price, price_calls
from keeper.domain.fixed import RATIO, X18, X18_DECIMALS
from keeper.domain.money import ZERO_USD, Usd18

_ENCODER = Encoder()


@dataclass(frozen=True, slots=True)
class Targets:
    """`margin`: what the margin is filled up to, as far as the wallet reaches; `floor`: margin that buying collateral leaves alone;
    `token`: what stays of each other token; `step`: the least that is moved; `sale`: the largest sale; `slippage_ppm`: what a sale may
    bring less than the oracle says, in millionths."""

    margin: Usd18
    floor: Usd18
    token: Usd18
    step: Usd18
    sale: Usd18
    slippage_ppm: int


@dataclass(frozen=True, slots=True)
class Wallet:
    """An executor's own tokens at a block: the settlement token (`unit` is its smallest part), and by address the others in their own
    units. `prices` by the address of the exchange; none where its oracle has none that counts."""

    settlement: Usd18
    unit: Usd18
    tokens_raw: Mapping[Address, int]
    prices: Mapping[Address, ExchangePrice]


@dataclass(frozen=True, slots=True)
class Sale:
    """So much of a token through its exchange: what it is worth by the oracle, and the least that may come for it."""

    exchange: Exchange
    amount_raw: int
    worth: Usd18
    least: Usd18

    @property
    def amount_x18(self) -> int:
        """The amount of the token with 18 decimals."""
        return self.amount_raw * X18 // self.exchange.unit


@dataclass(frozen=True, slots=True)
class PayIn:
    """Settlement tokens of the wallet that become margin."""

    amount: Usd18


Step: TypeAlias = Sale | PayIn


def read_wallet(executor: Address, settlement: Address, others: Sequence[Address], exchanges: Sequence[Exchange]) -> Reads[Wallet | None]:
    """One batch, O(tokens); None where the settlement token does not answer as one."""
    balances = [_ENCODER.call(token, "balanceOf(address)", executor) for token in (settlement, *others)]
    questions = [call for exchange in exchanges for call in price_calls(exchange)]
    answers = iter((yield [_ENCODER.call(settlement, "decimals()"), *balances, *questions]))
    decimals, settlement_raw = number(next(answers)), number(next(answers))
    tokens = {token: number(next(answers)) or 0 for token in others}
    prices = {exchange.address: price(answers) for exchange in exchanges}
    if decimals is None or settlement_raw is None or decimals > X18_DECIMALS:
        return None
    unit_x18 = 10 ** (X18_DECIMALS - decimals)
    return Wallet(
        Usd18(settlement_raw * unit_x18), Usd18(unit_x18), tokens, {name: each for name, each in prices.items() if each is not None}
    )


def next_step(targets: Targets, margin: Usd18, wallet: Wallet, exchanges: Sequence[Exchange]) -> Step | None:
    """Margin first; then the token of which most is worth selling. None when all is as it should be, or nothing can be done about it."""
    payment = min(lack(targets, margin), wallet.settlement)
    if payment > ZERO_USD and payment >= targets.step:
        return PayIn(payment)
    sales = [sale for exchange in exchanges if (sale := _sale(targets, wallet, exchange)) is not None]
    return max(sales, key=lambda sale: (sale.worth, sale.exchange.address), default=None)


def lack(targets: Targets, margin: Usd18) -> Usd18:
    """What the margin lacks of its target."""
    return max(ZERO_USD, targets.margin - margin)


def surplus(targets: Targets, margin: Usd18, settlement: Usd18) -> Usd18:
    """Settlement tokens of the wallet that the margin does not lack: the owner's to sweep."""
    return max(ZERO_USD, settlement - lack(targets, margin))


def _sale(targets: Targets, wallet: Wallet, exchange: Exchange) -> Sale | None:
    oracle = wallet.prices.get(exchange.address)
    if oracle is None or oracle.unit_worth_raw == 0:
        return None
    slippage_ppm = min(targets.slippage_ppm, exchange.max_slippage_ppm)
    unit_worth_x18 = oracle.unit_worth_raw * wallet.unit.raw
    reserve_raw = -(-targets.token.raw * exchange.unit // unit_worth_x18)
    most_x18 = min(targets.sale.raw, exchange.max_sale_raw * wallet.unit.raw)
    amount_raw = min(
        wallet.tokens_raw.get(exchange.token, 0) - reserve_raw,
        most_x18 * exchange.unit // unit_worth_x18,
        oracle.sellable_raw(exchange, slippage_ppm),
    )
    worth_x18 = max(0, amount_raw) * unit_worth_x18 // exchange.unit
    if worth_x18 == 0 or worth_x18 < targets.step.raw:
        return None
    return Sale(exchange, amount_raw, Usd18(worth_x18), Usd18(worth_x18 * (RATIO - slippage_ppm) // RATIO))
