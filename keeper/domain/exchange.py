"""Selling a token through the executor's own exchange contract (contracts/src/UniswapV3Exchange.sol): its terms, its prices, its calls."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from keeper.domain.calldata import Encoder, address, number, text
from keeper.domain.chain import Address, Call, CallResult, Reads
from keeper.domain.fixed import Q96, RATIO
from keeper.domain.permission import CallRule
from keeper.domain.plan import CallPurpose, LiquidationCall

APPROVE = "approve(address,uint256)"
SELL = "sell(uint256)"
_PARTIES = ("executor()", "token()", "proceedsToken()", "pool()")
_BOUNDS = ("maxSale()", "maxSlippage()")
_ENCODER = Encoder()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange contract, which nobody can change: what it sells for which executor, and within which bounds.

    `max_sale_raw` is in units of the proceeds token; `max_slippage_ppm` is what a sale may bring less than the oracle says, the pool's
    fee included, in millionths. `decimals` and `symbol` are the sold token's."""

    address: Address
    executor: Address
    token: Address
    proceeds_token: Address
    pool: Address
    max_sale_raw: int
    max_slippage_ppm: int
    pool_fee_ppm: int
    decimals: int
    symbol: str

    @property
    def unit(self) -> int:
        """One whole token in its own units."""
        unit: int = 10**self.decimals
        return unit

    @property
    def is_first(self) -> bool:
        """Whether the sold token is the pool's token0."""
        return int(self.token, 16) < int(self.proceeds_token, 16)


@dataclass(frozen=True, slots=True)
class NewExchange:
    """An exchange to be created: as `Exchange`, with the oracle (Chainlink's AggregatorV3Interface) whose answer is the price, and the age
    from which on an answer does not count."""

    executor: Address
    pool: Address
    token: Address
    feed: Address
    max_sale_raw: int
    max_slippage_ppm: int
    max_age_s: int

    @property
    def arguments(self) -> tuple[tuple[str, object], ...]:
        """Of the contract's constructor, as (ABI type, value)."""
        addresses = (self.executor, self.pool, self.token, self.feed)
        bounds = (self.max_sale_raw, self.max_slippage_ppm, self.max_age_s)
        return (*(("address", each) for each in addresses), *(("uint256", each) for each in bounds))


@dataclass(frozen=True, slots=True)
class ExchangePrice:
    """What one whole token is worth by the exchange's oracle, in units of the proceeds token, and the pool as it stands: its square-root
    price (token1 per token0) and the liquidity in range."""

    unit_worth_raw: int
    sqrt_price_x96: int
    liquidity: int

    def worth_raw(self, exchange: Exchange, amount_raw: int) -> int:
        """An amount of the token by the oracle, in units of the proceeds token."""
        return amount_raw * self.unit_worth_raw // exchange.unit

    def sellable_raw(self, exchange: Exchange, slippage_ppm: int) -> int:
        """The most whose average price, fee included, is no more than `slippage_ppm` below the oracle's, as far as the liquidity in range
        reaches; 0 where not even the first unit's is.

        The average price of a swap in a range is the product of the square-root prices before and after it (Uniswap V3, SqrtPriceMath)."""
        present, after_fee = self.sqrt_price_x96, RATIO - exchange.pool_fee_ppm
        bound = self.unit_worth_raw * (RATIO - slippage_ppm)
        if bound <= 0 or present == 0:
            return 0
        if exchange.is_first:
            last = -(-(bound << 192) // (exchange.unit * after_fee * present))
            amount = (self.liquidity << 96) * (present - last) // (present * last) if last < present else 0
        else:
            last = (exchange.unit * after_fee << 192) // (bound * present)
            amount = self.liquidity * (last - present) // Q96 if last > present else 0
        return amount * RATIO // after_fee


def terms(exchange: Address) -> Reads[Exchange | None]:
    """What a contract says of itself, in two batches; None where it is no exchange."""
    answers = yield [_ENCODER.call(exchange, view) for view in (*_PARTIES, *_BOUNDS)]
    executor, token, proceeds_token, pool = (address(answer) for answer in answers[: len(_PARTIES)])
    max_sale, max_slippage = (number(answer) for answer in answers[len(_PARTIES) :])
    if executor is None or token is None or proceeds_token is None or pool is None or max_sale is None or max_slippage is None:
        return None
    answers = yield [_ENCODER.call(token, "decimals()"), _ENCODER.call(token, "symbol()"), _ENCODER.call(pool, "fee()")]
    decimals, symbol, fee = number(answers[0]), text(answers[1]), number(answers[2])
    if decimals is None or fee is None:
        return None
    return Exchange(exchange, executor, token, proceeds_token, pool, max_sale, max_slippage, fee, decimals, symbol or token)


def price_calls(exchange: Exchange) -> Sequence[Call]:
    """What `price` is read from."""
    return (
        _ENCODER.call(exchange.address, "worth(uint256)", exchange.unit),
        _ENCODER.call(exchange.pool, "slot0()"),
        _ENCODER.call(exchange.pool, "liquidity()"),
    )


def price(answers: Iterator[CallResult]) -> ExchangePrice | None:
    """Out of the answers to `price_calls`; None while the oracle has no price that counts."""
    worth, sqrt_price, liquidity = (number(next(answers)) for _ in range(3))
    if worth is None or sqrt_price is None or liquidity is None:
        return None
    return ExchangePrice(worth, sqrt_price, liquidity)


def rules(exchanges: Sequence[Exchange], tokens: Collection[Address]) -> Sequence[CallRule]:
    """What a venue's plans need beside its own rules to sell those of its tokens that there is an exchange for: the exchange may take the
    token, and nobody else; a sale names an amount and nothing else."""
    listed: list[CallRule] = []
    for exchange in sorted(exchanges, key=lambda item: item.address):
        if exchange.token in tokens:
            listed.append(CallRule(exchange.token, APPROVE, ((int(exchange.address, 16),), ())))
            listed.append(CallRule(exchange.address, SELL, ((),)))
    return listed


def sale_calls(exchange: Exchange, amount_raw: int) -> tuple[LiquidationCall, ...]:
    """Approve and sell: the allowance is used up by the sale."""
    approval = _ENCODER.data(APPROVE, exchange.address, amount_raw)
    return (
        LiquidationCall(exchange.token, approval, CallPurpose.SELL),
        LiquidationCall(exchange.address, _ENCODER.data(SELL, amount_raw), CallPurpose.SELL),
    )
