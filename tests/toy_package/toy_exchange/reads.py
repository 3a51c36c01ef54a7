"""What no event tells, asked of the exchange."""

from collections.abc import Sequence

from keeper.domain.account import AccountKey
from keeper.domain.calldata import Encoder, address, number, signed
from keeper.domain.chain import Reads, Timestamp
from keeper.domain.money import Usd18
from keeper.domain.venue import Event
from keeper.domain.views import ChainView
from keeper.errors import ConfigError
from toy_exchange.events import PriceRead
from toy_exchange.options import Options


def snapshot(options: Options, encoder: Encoder) -> Reads[Sequence[Event]]:
    """Nothing is missing from the events; but the dollar must be the exchange's. Raises ConfigError."""
    (result,) = yield (encoder.call(options.exchange, "dollar()"),)
    if address(result) != options.dollar:
        raise ConfigError(f"{options.exchange} pays in {address(result)}, not in {options.dollar}")
    return ()


def refresh(options: Options, encoder: Encoder, now: Timestamp) -> Reads[Sequence[Event]]:
    """The price at `now`; none while the exchange does not tell it."""
    (result,) = yield (encoder.call(options.exchange, "price()"),)
    price = number(result)
    return () if price is None else (PriceRead(now, price),)


def chain_views(options: Options, encoder: Encoder, keys: Sequence[AccountKey]) -> Reads[Sequence[ChainView]]:
    """ToyExchange.equity and requirement of each account; accounts of which it tells neither are left out."""
    if not keys:
        return ()
    results = yield [encoder.call(options.exchange, view, key) for key in keys for view in ("equity(address)", "requirement(address)")]
    views = []
    for index, key in enumerate(keys):
        equity, requirement = signed(results[2 * index]), number(results[2 * index + 1])
        if equity is not None and requirement is not None:
            views.append(ChainView(key, Usd18(equity), Usd18(requirement)))
    return views
